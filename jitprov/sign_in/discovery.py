"""Home realm discovery: find the identity providers for an e-mail address or a tenant, and where a sign-in begins.

It begins at the host where its response will arrive, which may be a tenant's own domain: the cookie of a request comes
back to the host that has set it, and to no other.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.models import IdentityProvider


class DiscoveryForm(forms.Form):
    """A form for an e-mail address at work. Programs may pass a tenant instead."""

    email = forms.EmailField(
        label=_("E-mail address at work"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    tenant = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not data.get("email") and not data.get("tenant"):
            raise ValidationError(_("Enter your e-mail address."))
        return data


def identity_providers_for(form: DiscoveryForm) -> list[IdentityProvider]:
    """Return the enabled identity providers for the e-mail address or tenant of a valid form."""
    enabled = IdentityProvider.objects.filter(enabled=True).order_by("slug")
    tenant, email = form.cleaned_data["tenant"], form.cleaned_data["email"]
    if not tenant:
        return list(enabled.filter(email_domains__domain=email.rpartition("@")[2].lower()))
    try:
        return list(enabled.filter(**{f"tenant__{conf.TENANT_LOOKUP_FIELD}": tenant})[:50])
    except (FieldError, ValueError, ValidationError):
        return []


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
