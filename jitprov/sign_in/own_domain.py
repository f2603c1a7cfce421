"""Begin a sign-in at the host where its response will arrive, which may be a tenant's own domain.

The cookie of a request comes back to the host that has set it, and to no other.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

from django.urls import reverse

from jitprov.conf import conf
from jitprov.models import IdentityProvider


def login_path(identity_provider: IdentityProvider, **query: str) -> str:
    """Return the path of the page that sends a browser to the identity provider, with a query."""
    return f"{reverse('jitprov:login', args=[identity_provider.slug])}?{urlencode(query)}"


def elsewhere(identity_provider: IdentityProvider, *, host: str, path: str) -> str:
    """Return the URL of a path at the host where the response will arrive; empty if the browser need not go there."""
    origin = identity_provider.origin_of_responses
    here = urlsplit(conf.BASE_URL).netloc.lower()
    # Only from the very host of BASE_URL: behind a proxy that changes the Host header, nobody is sent in circles.
    if host.lower() != here or urlsplit(origin).netloc == here:
        return ""
    return f"{origin}{path}"
