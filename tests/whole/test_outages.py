"""The database, the disk or the cache is down in the middle of it: a page with a reference and a way back, never a 500."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import InterfaceError, connection
from django.test import Client

from jitprov.models import IdentityProvider, ProvisioningEvent
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.factories import connected

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake)


@contextmanager
def lost(beginning: str) -> Iterator[None]:
    """Lose the connection at the first statement that begins like this, and at each after it."""
    down = False

    def answer(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        nonlocal down
        down = down or sql.startswith(beginning)
        if down:
            raise InterfaceError("connection already closed")
        return execute(sql, *rest)

    with connection.execute_wrapper(answer):
        yield


@pytest.mark.parametrize("beginning", ["SELECT", "INSERT", "UPDATE"])
def test_a_person_is_told_to_come_again(
    client: Client,
    row: IdentityProvider,
    fake: FakeIdentityProvider,
    beginning: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    sign_in = SignIn(client)
    sign_in(row, fake)
    answer = sign_in.begin(row, fake, next_url="/reports/")

    with caplog.at_level(logging.ERROR, "jitprov"), lost(beginning):
        response = sign_in.deliver(answer)

    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    text = response.content.decode()
    assert "temporarily_unavailable" in text
    assert f'href="/saml/{row.slug}/login/?next=%2Freports%2F"' in text
    [record] = [one for one in caplog.records if one.name == "jitprov"]
    assert str(record.args[0]) in text  # type: ignore[index]


def test_the_login_page_says_so_too_and_programs_read_it(
    client: Client, row: IdentityProvider
) -> None:
    with lost("SELECT"):
        response = client.get(f"/saml/{row.slug}/login/", headers={"accept": "application/json"})

    assert (response.status_code, response.json()["error"]) == (503, "temporarily_unavailable")
    assert response.json()["reference"]


def test_a_cache_that_is_down_refuses_by_a_page(
    client: Client, row: IdentityProvider, fake: FakeIdentityProvider, settings: Any
) -> None:
    settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
    settings.CACHES = {"default": {"BACKEND": "tests.whole.test_outages.Down"}}

    response = SignIn(client)(row, fake)

    assert response.status_code == 503
    assert "temporarily_unavailable" in response.content.decode()
    assert ProvisioningEvent.objects.count() == 1


class Down:
    """A cache whose server does not answer."""

    def __init__(self, *arguments: Any) -> None:
        pass

    def add(self, *arguments: Any, **named: Any) -> bool:
        raise ConnectionRefusedError

    get = set = delete = incr = __contains__ = add

    def close(self) -> None:
        pass


def test_the_api_says_so_too(row: IdentityProvider, admin_client: Client) -> None:
    with lost("SELECT"):
        response = admin_client.get("/sso-api/v1/identity-providers/")

    assert response.status_code == 503
    assert response["Retry-After"] == "10"
    assert response.json()["code"] == "temporarily_unavailable"
