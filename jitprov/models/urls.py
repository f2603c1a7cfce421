"""URLs of our views, reversed once for each identity provider instead of at every sign-in."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urljoin

from django.conf import settings
from django.conf.urls.i18n import is_language_prefix_patterns_used
from django.urls import URLResolver, get_resolver, get_urlconf, reverse
from django.urls.base import get_script_prefix
from django.utils.translation import get_supported_language_variant, override

from jitprov.conf import conf
from jitprov.models.identities import accounts_schema


def absolute_url(view: str, slug: str) -> str:
    """Return the URL of one of our views for an identity provider; never from the Host header.

    Kept under everything that it may follow from: the URL configuration (Django forgets its resolvers when that
    changes), where the host is mounted, and the schema (a tenant's own prefix). It does not follow from the language of
    whoever asks, where the host has us inside ``i18n_patterns``: an identity provider knows us by one name.
    """
    surroundings = (get_script_prefix(), settings.LANGUAGE_CODE, accounts_schema())
    return _reversed(get_resolver(get_urlconf()), surroundings, conf.BASE_URL, view, slug)


@lru_cache(maxsize=4096)
def _reversed(
    _resolver: URLResolver, _surroundings: tuple[object, ...], base: str, view: str, slug: str
) -> str:
    with override(_language()):
        return urljoin(base + "/", reverse(f"jitprov:{view}", args=[slug]))


def _language() -> str:
    """Return the language in which our URLs are made: the host's own, as its prefix in a URL is written."""
    _, is_prefixed = is_language_prefix_patterns_used(get_urlconf() or settings.ROOT_URLCONF)
    code = settings.LANGUAGE_CODE
    return get_supported_language_variant(code) if is_prefixed else code
