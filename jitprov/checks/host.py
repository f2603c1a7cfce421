"""Check what a host has to put in place beside the settings: URLs, middleware, and a database that is supported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings  # noqa: TID251 -- MIDDLEWARE is Django's setting
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004 -- Django's own name
from django.db import connections
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from jitprov.conf import conf
from jitprov.models import accounts_database

MIDDLEWARE_MISSING = "jitprov.W027"
DATABASE_NOT_SUPPORTED = "jitprov.E016"
URLS_MISSING = "jitprov.W026"
RESPONSES_LOST = "jitprov.W028"
FORMS_REFUSED = "jitprov.W029"

SMALLEST_UPLOAD = 100_000
"""Bytes of a form with a response that is as long as identity providers send, with all the groups that they can."""

_NEEDED = (SessionMiddleware, AuthenticationMiddleware)
_SUPPORTED = {"sqlite", "postgresql", "mysql"}


@register("jitprov")
def check_urls(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn where our URLs are in no urlpatterns: nobody could sign in, and no identity provider be told where to post."""
    try:
        reverse("jitprov:discovery")
    except NoReverseMatch:
        return [
            Warning(
                "The URLs of jitprov are not included in ROOT_URLCONF.",
                hint='Add path("saml/", include("jitprov.urls")) to its urlpatterns.',
                id=URLS_MISSING,
            )
        ]
    return []


@register("jitprov")
def check_middleware(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn of middleware without which nobody stays signed in: settings of a worker may leave it out."""
    return [
        Warning(
            f"MIDDLEWARE lacks {needed.__module__}.{needed.__qualname__}.",
            hint="Add it, or a subclass: whoever was provisioned would not be signed in.",
            id=MIDDLEWARE_MISSING,
        )
        for needed in _NEEDED
        if place_of(needed) is None
    ]


def place_of(middleware: type) -> int | None:
    """Return where ``MIDDLEWARE`` has a middleware or a subclass of it; ``None`` if it has none."""
    there = [import_string(name) for name in settings.MIDDLEWARE]
    places = (
        number
        for number, one in enumerate(there)
        if isinstance(one, type) and issubclass(one, middleware)
    )
    return next(places, None)


@register("jitprov")
def check_responses_arrive(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn of settings with which Django sends a posted response elsewhere, where it is lost, or finds it too large."""
    host = _host_of(conf.BASE_URL)
    problems = []
    if settings.PREPEND_WWW and host and not host.startswith("www."):
        problems.append(("PREPEND_WWW is on", "Let JITPROV_BASE_URL begin with www."))
    if settings.SECURE_SSL_REDIRECT and settings.SECURE_SSL_HOST not in {None, "", host}:
        hint = "Set it to the host of JITPROV_BASE_URL, or leave it out."
        problems.append((f"SECURE_SSL_HOST is {settings.SECURE_SSL_HOST}", hint))
    most: int | None = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if most is not None and most < SMALLEST_UPLOAD:
        hint = f"Allow {SMALLEST_UPLOAD} bytes: a person in many groups has a long response."
        problems.append((f"DATA_UPLOAD_MAX_MEMORY_SIZE is {most}", hint))
    return [
        Warning(
            f"{problem}, so that responses of identity providers are lost.",
            hint=hint,
            id=RESPONSES_LOST,
        )
        for problem, hint in problems
    ]


@register("jitprov")
def check_forms_arrive(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn of a referrer policy with which Django refuses every form that a browser sends."""
    given = settings.SECURE_REFERRER_POLICY or ()
    policies = given.split(",") if isinstance(given, str) else given
    # Browsers take the last one that they know.
    if "no-referrer" not in [policy.strip() for policy in policies][-1:]:
        return []
    return [
        Warning(
            "SECURE_REFERRER_POLICY is no-referrer: browsers then send no origin with a form, and Django's protection"
            " against forged requests refuses all forms, also those of the admin and of the set-up page.",
            hint='Set "same-origin", Django\'s default, or "strict-origin".',
            id=FORMS_REFUSED,
        )
    ]


@register("jitprov")
def check_database(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse databases on which no test has ever run."""
    connection: Any = connections[accounts_database()]
    if connection.vendor not in _SUPPORTED:
        return [_unsupported(connection.display_name)]
    if connection.vendor == "postgresql" and not _has_psycopg_3():
        return [_unsupported("PostgreSQL by psycopg2", "Install psycopg (version 3). ")]
    return []


@register("jitprov", Tags.database)
def check_mysql(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse MySQL, which differs from MariaDB in how it reads and writes JSON."""
    alias = accounts_database()
    connection: Any = connections[alias]
    if (
        alias in (databases or ())
        and connection.vendor == "mysql"
        and not connection.mysql_is_mariadb
    ):
        return [_unsupported("MySQL")]
    return []


def _host_of(base_url: str) -> str:
    try:
        return urlsplit(base_url).hostname or ""
    except ValueError:
        return ""  # another check reports it


def _has_psycopg_3() -> bool:
    from django.db.backends.postgresql.psycopg_any import is_psycopg3  # noqa: PLC0415 -- needs a driver

    return bool(is_psycopg3)


def _unsupported(name: str, hint: str = "") -> Error:
    return Error(
        f"{name} is not supported.",
        hint=f"{hint}Supported are PostgreSQL, MariaDB and SQLite.",
        id=DATABASE_NOT_SUPPORTED,
    )
