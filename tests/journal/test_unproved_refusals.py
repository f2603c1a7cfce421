"""Refusals of unproved origin are counted in memory and written at most once a minute; none is lost."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.test.utils import CaptureQueriesContext

from jitprov.journal import unproved_refusals
from jitprov.journal.events import Attempt, record_refusal
from jitprov.journal.unproved_refusals import EVERY, MAX_COUNTED, RETRY, Tally, count_unproved
from jitprov.models import IdentityProvider, ProvisioningEvent, UnprovedRefusals
from jitprov.saml.envelope import ResponseNotBase64
from tests.support.arrivals import all_at_once
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db

MINUTE = EVERY + RETRY
"""After which a process writes again that wrote."""
_WRITE = re.compile(r"(INSERT INTO|UPDATE) .(jitprov_(?:unprovedrefusals|identityprovider))\b")


class Clock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2030, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def move(self, by: timedelta) -> None:
        self.time += by


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(unproved_refusals, "now", clock.now)
    monkeypatch.setattr(unproved_refusals, "monotonic", clock.monotonic)
    return clock


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


def count(row: IdentityProvider, times: int = 1) -> None:
    for _ in range(times):
        count_unproved(row)


def refuse(row: IdentityProvider) -> None:
    record_refusal(row, ResponseNotBase64(), attempt=Attempt())


def stored(row: IdentityProvider) -> int:
    return UnprovedRefusals.objects.get(pk=row.pk).count


def writes(queries: CaptureQueriesContext) -> list[str]:
    found = (_WRITE.match(query["sql"]) for query in queries)
    return [f"{match[1]} {match[2]}" for match in found if match]


@pytest.fixture
def other_process(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Return a function after which refusals are counted as another process does: with a tally of its own."""
    return lambda: monkeypatch.setattr(unproved_refusals, "_TALLY", Tally())


# How often the row is written


def test_a_thousand_refusals_in_a_minute_are_one_write(row: IdentityProvider, clock: Clock) -> None:
    with CaptureQueriesContext(connection) as queries:
        for _ in range(1000):
            count(row)
            clock.move(EVERY / 1001)

    assert writes(queries) == ["INSERT INTO jitprov_unprovedrefusals"]
    assert stored(row) == 1


@pytest.mark.django_db(transaction=True)
def test_a_refusal_that_is_recorded_writes_nothing_to_the_identity_provider(
    row: IdentityProvider, clock: Clock
) -> None:
    with CaptureQueriesContext(connection) as queries:
        for _ in range(50):
            refuse(row)

    assert writes(queries) == ["INSERT INTO jitprov_unprovedrefusals"]
    assert ProvisioningEvent.objects.count() == 50


def test_refusals_of_a_minute_are_counted_in_one_write(row: IdentityProvider, clock: Clock) -> None:
    count(row, 10)
    clock.move(MINUTE)

    with CaptureQueriesContext(connection) as queries:
        count(row)

    assert writes(queries) == ["UPDATE jitprov_unprovedrefusals"]
    assert stored(row) == 11


def test_a_flood_of_an_hour_is_a_write_a_minute(row: IdentityProvider, clock: Clock) -> None:
    with CaptureQueriesContext(connection) as queries:
        for _ in range(3600):
            count(row)
            clock.move(timedelta(seconds=1))

    assert len(writes(queries)) == 52  # every 70 seconds
    assert stored(row) == 51 * 70 + 1


def test_two_processes_write_once_in_a_minute(
    row: IdentityProvider, clock: Clock, other_process: Callable[[], None]
) -> None:
    with CaptureQueriesContext(connection) as queries:
        count(row)
        other_process()
        for _ in range(59):
            count(row)
            clock.move(timedelta(seconds=1))

    assert len(writes(queries)) == 1
    assert stored(row) == 1
    clock.move(MINUTE)
    count(row)
    assert stored(row) == 61


def test_every_process_has_its_turn(
    row: IdentityProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    random.seed(1)
    tallies = [Tally() for _ in range(5)]
    minutes = 60

    with CaptureQueriesContext(connection) as queries:
        for _ in range(60 * minutes):
            for tally in tallies:
                monkeypatch.setattr(unproved_refusals, "_TALLY", tally)
                count(row)
            clock.move(timedelta(seconds=1))

    assert len(writes(queries)) <= minutes
    # If one of five had never written, a fifth would be missing.
    assert stored(row) > 60 * minutes * len(tallies) * 0.85


def test_a_process_that_lost_the_race_keeps_what_it_counted(
    row: IdentityProvider, clock: Clock
) -> None:
    count(row, 3)
    clock.move(MINUTE)

    waiting = ["another process"]

    def another_is_faster(execute: Any, sql: str, *rest: Any) -> Any:
        if sql.startswith("UPDATE") and waiting:
            waiting.clear()
            UnprovedRefusals.objects.update(count=100, counted_at=clock.now())
        return execute(sql, *rest)

    with connection.execute_wrapper(another_is_faster):
        count(row)
    assert stored(row) == 100

    clock.move(MINUTE)
    count(row)
    assert stored(row) == 100 + 2 + 1 + 1


def test_a_row_of_a_clock_that_was_wrong_is_written_again(
    row: IdentityProvider, clock: Clock
) -> None:
    UnprovedRefusals.objects.create(
        identity_provider=row, count=5, counted_at=clock.now() + timedelta(days=365)
    )

    count(row)

    assert stored(row) == 6


# Nothing is lost


@pytest.mark.django_db(transaction=True)
def test_threads_lose_nothing(row: IdentityProvider, clock: Clock) -> None:
    all_at_once([lambda: count(row, 50)] * 8)
    clock.move(MINUTE)
    count(row)

    assert stored(row) == 401


@pytest.mark.django_db(transaction=True)
def test_a_refusal_whose_transaction_is_rolled_back_takes_nothing_pending_with_it(
    row: IdentityProvider, clock: Clock
) -> None:
    for _ in range(3):
        refuse(row)
    clock.move(MINUTE)
    with transaction.atomic():
        refuse(row)
        transaction.set_rollback(True)
    assert stored(row) == 1

    refuse(row)

    assert stored(row) == ProvisioningEvent.objects.count() == 4


def busy(execute: Any, sql: str, *rest: Any) -> Any:
    if "jitprov_unprovedrefusals" in sql:
        raise OperationalError("the database is busy")
    return execute(sql, *rest)


@pytest.mark.django_db(transaction=True)
def test_a_failed_write_leaves_the_refusal_alone_and_is_made_up_for(
    row: IdentityProvider, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    with connection.execute_wrapper(busy):
        refuse(row)
        refuse(row)

    assert ProvisioningEvent.objects.count() == 2
    assert not UnprovedRefusals.objects.exists()
    assert "the database is busy" in caplog.text
    clock.move(RETRY)
    refuse(row)
    assert stored(row) == 3


@pytest.mark.django_db(transaction=True)
def test_a_deleted_identity_provider_takes_its_row_along_and_is_counted_no_more(
    row: IdentityProvider, clock: Clock
) -> None:
    gone = IdentityProvider.objects.get(pk=row.pk)
    count(row)
    row.delete()
    clock.move(MINUTE)

    count(gone)

    assert not UnprovedRefusals.objects.exists()


# Memory


def test_a_tally_counts_for_a_limited_number_and_forgets_the_oldest_refusal(clock: Clock) -> None:
    tally = Tally()
    for key in range(MAX_COUNTED):
        assert tally.add(key) == 1
        assert tally.add(key) == 0
    tally.add(0)  # so that 1 has the oldest refusal

    tally.add("one more")
    clock.move(MINUTE)

    assert tally.add(0) == 3
    assert tally.add(MAX_COUNTED - 1) == 2
    assert tally.add(1) == 1


def test_identity_providers_of_two_schemas_are_counted_apart(
    row: IdentityProvider, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In a host with a schema for each tenant, two identity providers may have the same primary key."""
    database = connections["default"]
    monkeypatch.setattr(database, "schema_name", "acme", raising=False)
    count(row, 5)
    clock.move(MINUTE)
    monkeypatch.setattr(database, "schema_name", "umbrella")

    count(row)

    assert stored(row) == 1 + 1
