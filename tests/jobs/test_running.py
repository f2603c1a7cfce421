"""What is due is run, and a job that fails is in the way of none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

import pytest
from django.db import OperationalError

from jitprov.jobs import Job, Lease, each, running
from jitprov.jobs.lease import LEASED_FOR, take
from jitprov.jobs.running import Outcome, Ran, run_due
from jitprov.models import DueJob
from tests.jobs.clocks import Clock

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


class Worker:
    """Jobs that note for which rows they ran."""

    def __init__(self) -> None:
        self.ran: list[tuple[str, int]] = []
        self.together: list[list[int]] = []

    def job(self, name: str, fails: Callable[[], object] = lambda: None) -> Job:
        def run(subject: int, lease: Lease) -> None:
            self.ran.append((name, subject))
            fails()

        return Job(name=name, run=each(run), every=HOUR)

    def many(self, name: str, at_once: int) -> Job:
        def run(leases: Sequence[Lease]) -> None:
            self.together.append([lease.subject for lease in leases])

        return Job(name=name, run=run, every=HOUR, at_once=at_once)


@pytest.fixture
def worker() -> Worker:
    return Worker()


def due(clock: Clock, name: str, *subjects: int) -> None:
    DueJob.objects.bulk_create(
        DueJob(name=name, subject=subject, due_at=clock.now) for subject in subjects or (0,)
    )


def outcomes(ran: Sequence[Ran]) -> set[tuple[str, int, Outcome, str]]:
    return {(one.name, one.subject, one.outcome, one.code) for one in ran}


def test_everything_that_is_due_runs_once(clock: Clock, worker: Worker) -> None:
    due(clock, "alone")
    due(clock, "of_rows", 1, 2)
    jobs = [worker.job("alone"), worker.job("of_rows")]

    ran = list(run_due(jobs))

    assert sorted(worker.ran) == [("alone", 0), ("of_rows", 1), ("of_rows", 2)]
    assert {one.outcome for one in ran} == {Outcome.DONE}
    assert list(run_due(jobs)) == []


def test_a_job_that_is_not_asked_for_does_not_run(clock: Clock, worker: Worker) -> None:
    due(clock, "alone")
    due(clock, "other")

    list(run_due([worker.job("alone")]))

    assert worker.ran == [("alone", 0)]


def test_several_leases_are_given_together(clock: Clock, worker: Worker) -> None:
    due(clock, "of_rows", 1, 2, 3, 4, 5)

    list(run_due([worker.many("of_rows", at_once=2)]))

    assert worker.together == [[1, 2], [3, 4], [5]]


def test_rows_that_ran_together_stay_together(clock: Clock, worker: Worker) -> None:
    due(clock, "of_rows", *range(1, 9))

    list(run_due([worker.many("of_rows", at_once=4)]))

    times = list(DueJob.objects.order_by("subject").values_list("due_at", flat=True))
    assert set(times[:4]) == {times[0]}
    assert set(times[4:]) == {times[4]}
    assert times[0] != times[4]


def test_one_that_fails_backs_off_and_the_others_go_on(clock: Clock, worker: Worker) -> None:
    due(clock, "fails", 1, 2)
    due(clock, "goes")
    jobs = [worker.job("fails", lambda: 1 / 0), worker.job("goes")]

    ran = list(run_due(jobs))

    assert outcomes(ran) == {
        ("fails", 1, Outcome.FAILED, "ZeroDivisionError"),
        ("fails", 2, Outcome.FAILED, "ZeroDivisionError"),
        ("goes", 0, Outcome.DONE, ""),
    }
    waiting = DueJob.objects.filter(name="fails", due_at__gt=clock.now, failures=1)
    assert waiting.count() == 2


def test_a_failure_about_none_of_them_is_one_of_all(clock: Clock) -> None:
    due(clock, "of_rows", 1, 2)

    def run(leases: Sequence[Lease]) -> None:
        raise LookupError

    ran = list(run_due([Job(name="of_rows", run=run, every=HOUR, at_once=2)]))

    assert outcomes(ran) == {
        ("of_rows", 1, Outcome.FAILED, "LookupError"),
        ("of_rows", 2, Outcome.FAILED, "LookupError"),
    }


def test_a_job_that_was_taken_by_somebody_else_meanwhile_is_lost(clock: Clock) -> None:
    due(clock, "slow")

    def run(_subject: int, lease: Lease) -> None:
        clock.go_on(LEASED_FOR + HOUR)
        assert take("slow", 1)
        with lease.transaction():
            pytest.fail("it was lost")

    ran = list(run_due([Job(name="slow", run=each(run), every=HOUR)]))

    assert outcomes(ran) == {("slow", 0, Outcome.LOST, "")}
    assert DueJob.objects.get().leased_until == clock.now + LEASED_FOR


def test_no_job_is_begun_after_it_was_stopped(clock: Clock, worker: Worker) -> None:
    due(clock, "of_rows", 1, 2, 3)

    list(run_due([worker.job("of_rows")], lambda: len(worker.ran) < 2))

    assert len(worker.ran) == 2


@pytest.mark.parametrize("failures", [1, running.ATTEMPTS - 1])
def test_a_busy_database_is_asked_again(
    failures: int, clock: Clock, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(clock, "alone")
    left = [OperationalError("deadlock")] * failures

    def busy(name: str, at_most: int) -> list[Lease]:
        if left:
            raise left.pop()
        return take(name, at_most)

    monkeypatch.setattr(running, "take", busy)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    assert len(list(run_due([worker.job("alone")]))) == 1


def test_a_database_that_stays_busy_is_an_error(
    clock: Clock, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    due(clock, "alone")

    def busy(name: str, at_most: int) -> list[Lease]:
        raise OperationalError("deadlock")

    monkeypatch.setattr(running, "take", busy)
    monkeypatch.setattr("time.sleep", lambda _seconds: None)

    with pytest.raises(OperationalError):
        list(run_due([worker.job("alone")]))
