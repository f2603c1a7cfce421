"""URLs of our views, reversed once for each identity provider instead of at every sign-in."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urljoin

from django.urls import URLResolver, get_resolver, get_urlconf, reverse
from django.urls.base import get_script_prefix
from django.utils.translation import get_language

from jitprov.conf import conf
from jitprov.models.identities import accounts_schema


def absolute_url(view: str, slug: str) -> str:
    """Return the URL of one of our views for an identity provider; never from the Host header.

    Kept under everything that it may follow from: the URL configuration (Django forgets its resolvers when that
    changes), where the host is mounted, the language (``i18n_patterns``) and the schema (a tenant's own prefix).
    """
    surroundings = (get_script_prefix(), get_language(), accounts_schema())
    return _reversed(get_resolver(get_urlconf()), surroundings, conf.BASE_URL, view, slug)


@lru_cache(maxsize=4096)
def _reversed(
    _resolver: URLResolver, _surroundings: tuple[object, ...], base: str, view: str, slug: str
) -> str:
    return urljoin(base + "/", reverse(f"jitprov:{view}", args=[slug]))
