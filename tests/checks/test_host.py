"""What a host has to put in place beside the settings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.checks import run_checks

from jitprov.checks import host
from jitprov.checks import settings as of_settings

if TYPE_CHECKING:
    from pytest_django import Settings

# From Django 6.1 on, checks look into the databases without being told to.
pytestmark = pytest.mark.django_db


class OwnSessions(SessionMiddleware):
    pass


def found(*, deploy: bool = False) -> list[tuple[str | None, str, str | None]]:
    messages = run_checks(tags=["jitprov"], include_deployment_checks=deploy)
    return [(one.id, one.msg, one.hint) for one in messages]


def without(settings: Settings, *names: str) -> list[str]:
    return [one for one in settings.MIDDLEWARE if one.rpartition(".")[2] not in names]


@pytest.mark.parametrize("name", ["SessionMiddleware", "AuthenticationMiddleware"])
def test_missing_middleware_is_named(settings: Settings, name: str) -> None:
    settings.MIDDLEWARE = without(settings, name)
    assert [(one[0], name in one[1]) for one in found()] == [(host.MIDDLEWARE_MISSING, True)]


def test_a_subclass_of_the_middleware_is_enough(settings: Settings) -> None:
    own = f"{__name__}.OwnSessions"
    settings.MIDDLEWARE = [own, *without(settings, "SessionMiddleware"), f"{__name__}.function"]
    assert found() == []


def function(get_response: Any) -> Any:
    """Make a middleware that is no class."""
    return get_response


def test_urls_that_are_not_included_are_missed(settings: Settings) -> None:
    settings.ROOT_URLCONF = "tests.support.urls_without_ours"
    assert [one[0] for one in found()] == [host.URLS_MISSING]


@pytest.mark.parametrize(
    ("connection", "name"),
    [
        ({"vendor": "oracle", "display_name": "Oracle"}, "Oracle"),
        ({"vendor": "microsoft", "display_name": "SQL Server"}, "SQL Server"),
        ({"vendor": "mysql", "mysql_is_mariadb": False}, "MySQL"),
    ],
)
def test_a_database_without_tests_is_refused(
    monkeypatch: pytest.MonkeyPatch, connection: dict[str, Any], name: str
) -> None:
    monkeypatch.setattr(host, "connections", {"default": SimpleNamespace(**connection)})
    [message] = [*host.check_database(None), *host.check_mysql(None, databases=["default"])]
    assert (message.id, message.msg) == (host.DATABASE_NOT_SUPPORTED, f"{name} is not supported.")


def test_mariadb_is_no_mysql(monkeypatch: pytest.MonkeyPatch) -> None:
    mariadb = SimpleNamespace(vendor="mysql", mysql_is_mariadb=True)
    monkeypatch.setattr(host, "connections", {"default": mariadb})
    assert host.check_database(None) == host.check_mysql(None, databases=["default"]) == []


def test_the_second_psycopg_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "connections", {"default": SimpleNamespace(vendor="postgresql")})
    monkeypatch.setattr(host, "_has_psycopg_3", lambda: False)
    [message] = host.check_database(None)
    assert "psycopg2" in message.msg


def test_a_base_url_of_an_example_is_told_in_production_only(settings: Settings) -> None:
    settings.JITPROV_BASE_URL = "https://app.example"
    assert of_settings.BASE_URL_IS_EXAMPLE in {one[0] for one in found(deploy=True)}
    assert found() == []
    settings.JITPROV_BASE_URL = "https://sso.acme.com"
    assert of_settings.BASE_URL_IS_EXAMPLE not in {one[0] for one in found(deploy=True)}


def test_hints_name_what_was_meant(settings: Settings) -> None:
    settings.JITPROV_BASE_URL = "sso.acme.com"
    settings.JITPROV_TENENT_MODEL = "x.Y"
    hints = {one[0]: one[2] for one in found()}
    assert hints[of_settings.BASE_URL_MISSING] == 'Write "https://sso.acme.com".'
    assert hints[of_settings.SETTING_UNKNOWN] == "Did you mean JITPROV_TENANT_MODEL?"


@pytest.mark.parametrize(
    "policy", ["no-referrer", "same-origin, no-referrer", ["strict-origin", "no-referrer"]], ids=str
)
def test_a_referrer_policy_that_makes_django_refuse_forms_is_named(
    settings: Settings, policy: Any
) -> None:
    settings.SECURE_REFERRER_POLICY = policy
    [(code, _message, hint)] = found()
    assert code == host.FORMS_REFUSED
    assert "same-origin" in str(hint)


@pytest.mark.parametrize(
    "policy",
    [
        None,
        "",
        "same-origin",
        "no-referrer, strict-origin-when-cross-origin",
        ["no-referrer", "origin"],
    ],
    ids=str,
)
def test_other_referrer_policies_are_left_alone(settings: Settings, policy: Any) -> None:
    settings.SECURE_REFERRER_POLICY = policy
    assert found() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"PREPEND_WWW": True},
        {"SECURE_SSL_REDIRECT": True, "SECURE_SSL_HOST": "secure.acme.com"},
        {"DATA_UPLOAD_MAX_MEMORY_SIZE": 10_000},
    ],
    ids=str,
)
def test_settings_that_lose_a_response_are_named(settings: Settings, wrong: dict[str, Any]) -> None:
    for name, value in wrong.items():
        setattr(settings, name, value)
    [(code, message, hint)] = found()
    assert code == host.RESPONSES_LOST
    assert list(wrong)[-1] in message
    assert hint


@pytest.mark.parametrize(
    "right",
    [
        {"PREPEND_WWW": True, "JITPROV_BASE_URL": "https://www.acme.com"},
        {"SECURE_SSL_REDIRECT": True, "SECURE_SSL_HOST": "app.example"},
        {"DATA_UPLOAD_MAX_MEMORY_SIZE": None},
    ],
    ids=str,
)
def test_settings_that_lose_nothing_are_left_alone(
    settings: Settings, right: dict[str, Any]
) -> None:
    for name, value in right.items():
        setattr(settings, name, value)
    assert found() == []
