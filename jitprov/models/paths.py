"""Paths of our views, reversed once for each identity provider instead of at every sign-in."""

from __future__ import annotations

from functools import lru_cache

from django.conf import settings
from django.db import connections
from django.urls import URLResolver, get_resolver, get_urlconf, reverse
from django.urls.base import get_script_prefix
from django.utils.translation import get_language

from jitprov.models.identities import accounts_database


def path_to(view: str, slug: str) -> str:
    """Return the path of one of our views for an identity provider, as ``reverse()`` does.

    Kept under everything that it may follow from: the URL configuration (Django forgets its resolvers when that
    changes), where the host is mounted, the language (``i18n_patterns``) and the schema (a tenant's own prefix).
    """
    schema = getattr(connections[accounts_database()], "schema_name", "")
    surroundings = (get_script_prefix(), get_language(), settings.LANGUAGE_CODE, schema)
    return _reversed(get_resolver(get_urlconf()), surroundings, view, slug)


@lru_cache(maxsize=4096)
def _reversed(
    _resolver: URLResolver, _surroundings: tuple[object, ...], view: str, slug: str
) -> str:
    return reverse(f"jitprov:{view}", args=[slug])
