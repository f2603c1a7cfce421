"""A lease lets one process work on a job, and whoever has lost it writes nothing."""

from __future__ import annotations

import logging
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jitprov.exceptions import ConfigurationError
from jitprov.jobs.lease import LEASED_FOR, Lease, LeaseLost, oldest_due, take
from jitprov.models import DueJob, Tenant
from tests.jobs.clocks import Clock

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)


def due(clock: Clock, *subjects: int, name: str = "count", ago: timedelta = SECOND) -> None:
    for subject in subjects or (0,):
        DueJob.objects.create(name=name, subject=subject, due_at=clock.now - ago)


def taken(at_most: int = 1) -> Lease:
    [lease] = take("count", at_most)
    return lease


def fail_with(error: Exception) -> None:
    raise error


# Taking


def test_a_due_job_is_taken_once(clock: Clock) -> None:
    due(clock)

    assert len(take("count", 5)) == 1
    assert take("count", 5) == []
    assert oldest_due(["count"]) is None


def test_a_job_that_is_not_due_is_not_taken(clock: Clock) -> None:
    due(clock, ago=-SECOND)

    assert oldest_due(["count"]) is None
    assert take("count", 5) == []


def test_another_job_is_not_taken(clock: Clock) -> None:
    due(clock, name="other")

    assert oldest_due(["count"]) is None
    assert take("count", 5) == []


def test_the_job_that_has_waited_longest_comes_first(clock: Clock) -> None:
    due(clock)
    due(clock, name="other", ago=HOUR)

    assert oldest_due(["count", "other"]) == "other"


def test_no_more_are_taken_than_asked_for_the_oldest_first(clock: Clock) -> None:
    due(clock, 1, 2)
    due(clock, 3, ago=HOUR)

    assert sorted(lease.subject for lease in take("count", 2)) == [1, 3]


@pytest.mark.parametrize("number", [1, 16])
def test_several_are_taken_by_the_same_statements(number: int, clock: Clock) -> None:
    due(clock, *range(1, 20))

    with CaptureQueriesContext(connection) as statements:
        assert len(take("count", number)) == number
    assert len(statements) == 3


def test_a_lease_that_ran_out_is_taken_by_somebody_else_who_goes_on(clock: Clock) -> None:
    due(clock)
    with taken().transaction():
        DueJob.objects.update(cursor="half", progress={"done": 5})

    clock.go_on(LEASED_FOR - SECOND)
    assert take("count", 1) == []
    clock.go_on(2 * SECOND)
    assert (other := taken()).cursor == "half"
    assert other.progress == {"done": 5}


def test_a_job_that_ends_its_process_each_time_is_seen_to_fail(clock: Clock) -> None:
    due(clock)
    for _ in range(4):
        taken()
        clock.go_on(LEASED_FOR + SECOND)

    row = DueJob.objects.get()
    assert (row.failures, row.last_error_code) == (3, "interrupted")
    taken().end(HOUR, 0.5)
    assert DueJob.objects.get().failures == 0


# Working


def test_each_transaction_begins_the_lease_anew(clock: Clock) -> None:
    due(clock)
    lease = taken()
    for _ in range(3):
        clock.go_on(LEASED_FOR - SECOND)
        with lease.transaction():
            pass

    assert take("count", 1) == []


def test_a_process_that_was_paused_for_too_long_writes_nothing(clock: Clock) -> None:
    """The token is what is checked: without it the paused process would write beside the other one."""
    due(clock)
    paused = taken()
    clock.go_on(LEASED_FOR + SECOND)
    other = taken()

    with pytest.raises(LeaseLost), paused.transaction():
        Tenant.objects.create(slug="late")
    with pytest.raises(LeaseLost):
        paused.reached("far", done=9)
    paused.end(HOUR, 0.5)

    assert paused.is_lost
    assert not Tenant.objects.exists()
    assert DueJob.objects.get().leased_until == clock.now + LEASED_FOR
    with other.transaction():
        other.reached("on", done=1)
    assert DueJob.objects.get().cursor == "on"


def test_a_process_that_was_paused_writes_nothing_after_another_has_ended_the_job(
    clock: Clock,
) -> None:
    due(clock)
    paused = taken()
    clock.go_on(LEASED_FOR + SECOND)
    taken().end(HOUR, 0.5)

    with pytest.raises(LeaseLost), paused.transaction():
        Tenant.objects.create(slug="late")
    assert not Tenant.objects.exists()


def test_a_lease_whose_row_is_deleted_is_lost(clock: Clock) -> None:
    due(clock)
    lease = taken()
    DueJob.objects.all().delete()

    with pytest.raises(LeaseLost):
        lease.renew()


def test_a_cursor_is_written_with_the_work_or_not_at_all(clock: Clock) -> None:
    due(clock)
    lease = taken()

    def work() -> None:
        with lease.transaction():
            Tenant.objects.create(slug="acme")
            lease.reached("acme", done=1)
            fail_with(ZeroDivisionError())

    with pytest.raises(ZeroDivisionError):
        work()

    assert not Tenant.objects.exists()
    assert DueJob.objects.get().cursor == ""


# Ending


def test_a_job_that_is_done_begins_anew_next_time(clock: Clock) -> None:
    due(clock)
    lease = taken()
    lease.reached("end", done=3)
    lease.end(HOUR, 0.5)

    row = DueJob.objects.get()
    assert (row.cursor, row.progress, row.failures) == ("", {"done": 3}, 0)
    assert (row.leased_until, row.lease_token) == (None, "")
    assert (row.last_started_at, row.last_finished_at) == (clock.now, clock.now)
    assert clock.now < row.due_at <= clock.now + HOUR


def test_a_job_that_fails_is_tried_again_soon_where_it_stopped(clock: Clock) -> None:
    due(clock)
    for failures in (1, 2):
        lease = taken()
        lease.reached("half")
        with lease.attempt():
            fail_with(ConfigurationError("of acme"))
        lease.end(HOUR, 0.5)

        row = DueJob.objects.get()
        assert (row.failures, row.last_error_code) == (failures, "configuration_error")
        assert row.cursor == "half"
        assert row.leased_until is None
        clock.go_on(row.due_at - clock.now + SECOND)

    taken().end(HOUR, 0.5)
    assert DueJob.objects.get().failures == 0


def test_no_text_of_an_exception_is_kept_or_logged(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    due(clock)
    lease, error = taken(), ValueError("ann@acme.example")
    with caplog.at_level(logging.INFO), lease.attempt():
        fail_with(error)
    lease.end(HOUR, 0.5)

    assert DueJob.objects.get().last_error_code == "ValueError"
    assert "test_lease.py" in caplog.text
    assert "ann@acme.example" not in caplog.text
