"""Judge the URL that somebody goes to after sign-in or a logout: it must be the host's own."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from django.conf import settings  # noqa: TID251 -- these are settings of Django, not of ours
from django.shortcuts import resolve_url  # noqa: TID251 -- a name of a URL is resolved, nothing is answered
from django.utils.encoding import iri_to_uri
from django.utils.http import is_same_domain, url_has_allowed_host_and_scheme

from jitprov.conf import conf

MAX_NEXT_URL = 2000
"""The longest URL to return to, in bytes; a longer one would not fit into the cookie."""
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")


def safe_next_url(wanted: str) -> str:
    """Return the URL to go to after sign-in: the wanted one if it is the host's own, else ``LOGIN_REDIRECT_URL``."""
    return wanted if _is_own(wanted) else resolve_url(settings.LOGIN_REDIRECT_URL)


def url_after_logout(wanted: str) -> str:
    """Return the URL to go to after a logout: the wanted one if it is the host's own, else ``LOGOUT_REDIRECT_URL``.

    Empty if the host has none.
    """
    if _is_own(wanted):
        return wanted
    return resolve_url(settings.LOGOUT_REDIRECT_URL) if settings.LOGOUT_REDIRECT_URL else ""


def _is_own(wanted: str) -> bool:
    base = urlsplit(conf.BASE_URL)
    return len(iri_to_uri(wanted)) <= MAX_NEXT_URL and url_has_allowed_host_and_scheme(
        wanted,
        allowed_hosts={base.netloc, *_named_host(wanted)},
        require_https=base.scheme == "https",
    )


def _named_host(url: str) -> set[str]:
    """Return the URL's host, as it is written there, if the settings name it as one of the host's own."""
    try:
        host = urlsplit(url).netloc
    except ValueError:
        return set()
    # As it is written, with neither a user nor a backslash, by which browsers may understand another host.
    plain = host in url and _HOST_AND_PORT.fullmatch(host) is not None
    ours = any(is_same_domain(host.lower(), pattern) for pattern in conf.ALLOWED_NEXT_HOSTS)
    return {host} if plain and ours else set()
