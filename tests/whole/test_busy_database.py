"""A sign-in while another connection holds a lock for too long is refused, without a server error."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.test import Client

from jitprov.accounts import contention
from jitprov.models import (
    ConsumedAssertion,
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    digest,
)
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User
from tests.support.database_options import database_with, with_short_waits
from tests.support.factories import connected

pytestmark = pytest.mark.django_db(transaction=True)

SQLITE = connection.vendor == "sqlite"
Statements = tuple[str, ...]


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorten the total wait; each attempt still waits for a real lock."""
    monkeypatch.setattr(contention, "PATIENCE", 0.1)


@pytest.fixture
def other() -> Iterator[BaseDatabaseWrapper]:
    """Return another connection to the same database."""
    somebody_else = connection.copy()
    try:
        yield somebody_else
    finally:
        somebody_else.close()


@contextmanager
def holding(other: BaseDatabaseWrapper, lock: Statements, release: str) -> Iterator[None]:
    with other.cursor() as cursor:
        for statement in lock:
            cursor.execute(statement)
        try:
            yield
        finally:
            cursor.execute(release)


def on_table(other: BaseDatabaseWrapper, table: str) -> Any:
    """Lock a table for reading and writing; SQLite locks all tables at once."""
    return {
        "sqlite": holding(other, ("BEGIN EXCLUSIVE",), "ROLLBACK"),
        "postgresql": holding(other, ("BEGIN", f"LOCK TABLE {table}"), "ROLLBACK"),
        "mysql": holding(other, (f"LOCK TABLES {table} WRITE",), "UNLOCK TABLES"),
    }[connection.vendor]


def against_writing(other: BaseDatabaseWrapper, table: str) -> Any:
    """Lock a table for writing; SQLite locks all tables at once."""
    exclusively = f"LOCK TABLE {table} IN EXCLUSIVE MODE"
    return {
        "sqlite": holding(other, ("BEGIN IMMEDIATE",), "ROLLBACK"),
        "postgresql": holding(other, ("BEGIN", exclusively), "ROLLBACK"),
        "mysql": holding(other, (f"LOCK TABLES {table} READ",), "UNLOCK TABLES"),
    }[connection.vendor]


def on_rows(other: BaseDatabaseWrapper, table: str) -> Any:
    """Lock the rows of a table; SQLite locks all tables."""
    if SQLITE:
        return against_writing(other, table)
    rows = f"SELECT * FROM {table} FOR UPDATE"  # noqa: S608 -- a table name of our own
    return holding(other, ("BEGIN", rows), "ROLLBACK")


def is_asked_to_try_again(answer: Any) -> bool:
    return answer.status_code == HTTPStatus.SERVICE_UNAVAILABLE and "try_again" in answer.text


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


LOCKED = [IdentityProvider, ConsumedAssertion, ExternalIdentity, User, Session, ProvisioningEvent]
if SQLITE:
    del LOCKED[1:]


@pytest.mark.parametrize("known", [True, False], ids=["somebody known", "somebody new"])
@pytest.mark.parametrize("model", LOCKED, ids=lambda model: f"{model.__name__} locked")
def test_a_locked_table_is_answered_with_a_refusal_to_try_again(
    model: Any, known: bool, row: IdentityProvider, fake: FakeIdentityProvider, other: Any
) -> None:
    client = Client()
    if known:
        SignIn(Client())(row, fake)
    with database_with(with_short_waits()):
        posted = SignIn(client).begin(row, fake)
        with on_table(other, model._meta.db_table):
            answer = SignIn(client).deliver(posted)

        assert is_asked_to_try_again(answer)
        assert not is_signed_in(client)
        assert SignIn(client)(row, fake).status_code == HTTPStatus.FOUND
    assert User.objects.count() == 1


@pytest.mark.parametrize("model", [User, ExternalIdentity], ids=lambda model: model.__name__)
def test_a_locked_row_is_answered_with_a_refusal_to_try_again(
    model: Any, row: IdentityProvider, fake: FakeIdentityProvider, other: Any
) -> None:
    SignIn(Client())(row, fake)
    client = Client()
    with database_with(with_short_waits()):
        posted = SignIn(client).begin(row, fake)
        with on_rows(other, model._meta.db_table):
            answer = SignIn(client).deliver(posted)

        assert is_asked_to_try_again(answer)
        assert not is_signed_in(client)
        if not SQLITE:  # SQLite can write nothing meanwhile
            event = ProvisioningEvent.objects.latest("pk")
            assert (event.reason, event.verified) == ("try_again", True)
            assert event.reference in answer.text


def test_an_event_that_could_not_be_recorded_is_logged(
    row: IdentityProvider,
    fake: FakeIdentityProvider,
    other: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = Client()
    with database_with(with_short_waits()):
        posted = SignIn(client).begin(row, fake, sign=None)
        with (
            caplog.at_level(logging.WARNING, "jitprov"),
            against_writing(other, ProvisioningEvent._meta.db_table),
        ):
            answer = SignIn(client).deliver(posted)

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert "signature_missing" in answer.text
    assert "not recorded" in caplog.text


def test_the_login_url_answers_with_a_refusal_to_try_again(
    row: IdentityProvider, other: Any
) -> None:
    with (
        database_with(with_short_waits()),
        on_table(other, IdentityProvider._meta.db_table),
    ):
        answer = Client().get(f"/saml/{row.slug}/login/")

        assert is_asked_to_try_again(answer)


# Locks that are released in time


@pytest.fixture
def between_attempts(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], None]:
    """Return a function that registers something to do before the next attempt."""

    def do(something: Callable[[], object]) -> None:
        monkeypatch.setattr(contention, "PATIENCE", 60)
        monkeypatch.setattr(time, "sleep", lambda _seconds: something())

    return do


@pytest.mark.parametrize(
    "model", [ExternalIdentity, ConsumedAssertion], ids=lambda model: model.__name__
)
def test_a_sign_in_succeeds_once_the_lock_is_released(
    model: Any,
    row: IdentityProvider,
    fake: FakeIdentityProvider,
    other: Any,
    between_attempts: Callable[[Callable[[], object]], None],
) -> None:
    SignIn(Client())(row, fake)
    client = Client()
    with database_with(with_short_waits()), ExitStack() as held:
        posted = SignIn(client).begin(row, fake)
        between_attempts(held.close)
        held.enter_context(against_writing(other, model._meta.db_table))
        answer = SignIn(client).deliver(posted)

        assert answer.status_code == HTTPStatus.FOUND
        assert is_signed_in(client)
    assert User.objects.count() == 1


@pytest.mark.skipif(
    SQLITE, reason="SQLite has one writer at a time, so that nobody sees a half-done use"
)
@pytest.mark.parametrize("committed", [True, False], ids=["commits", "gives up"])
def test_an_assertion_that_is_being_consumed_elsewhere_is_accepted_once(
    committed: bool,
    row: IdentityProvider,
    fake: FakeIdentityProvider,
    other: Any,
    between_attempts: Callable[[Callable[[], object]], None],
) -> None:
    client = Client()
    with database_with(with_short_waits()):
        posted = SignIn(client).begin(row, fake, ANN)
        assert posted.assertion_id is not None
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute(
                "INSERT INTO jitprov_consumedassertion"
                " (identity_provider_id, assertion_digest, expires_at) VALUES (%s, %s, %s)",
                [row.pk, digest(posted.assertion_id), "2099-01-01 00:00:00"],
            )
        between_attempts(other.commit if committed else other.rollback)
        answer = SignIn(client).deliver(posted)

    # Whoever waits for a response is sent off again; a used one lets nobody in.
    assert answer.status_code == HTTPStatus.FOUND
    assert is_signed_in(client) is not committed
    reasons = ProvisioningEvent.objects.values_list("reason", flat=True)
    assert list(reasons) == (["assertion_replayed"] if committed else [""])
    assert ConsumedAssertion.objects.count() == 1
    assert User.objects.count() == (0 if committed else 1)


# Errors that are not contention


def test_a_missing_table_is_not_reported_as_a_busy_database() -> None:
    with pytest.raises(DatabaseError) as failure, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM no_such_table")

    assert not contention.is_busy(failure.value)
    assert not contention.is_unique_violation(failure.value)
