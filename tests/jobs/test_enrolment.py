"""Every row that a job is for gets a due time, for a few statements however many rows there are."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext

from jitprov.jobs import Job, each, enrolment
from jitprov.jobs.enrolment import enrol
from jitprov.models import DueJob, Tenant
from tests.jobs.clocks import Clock

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


def named_like_a() -> QuerySet[Any]:
    return Tenant.objects.filter(slug__startswith="a")


def nothing(subject: int, lease: Any) -> None:
    pass


ALONE = Job(name="alone", run=each(nothing), every=DAY)
OF_ROWS = Job(name="of_rows", run=each(nothing), every=DAY, subjects=named_like_a)


def tenants(*slugs: str) -> list[int]:
    return [Tenant.objects.create(slug=slug).pk for slug in slugs]


def enrolled() -> set[tuple[str, int]]:
    return set(DueJob.objects.values_list("name", "subject"))


def test_a_job_for_no_row_is_due_at_once(clock: Clock) -> None:
    enrol([ALONE])

    assert enrolled() == {("alone", 0)}
    assert DueJob.objects.get().due_at == clock.now


def test_each_row_that_a_job_is_for_is_due_some_time_within_its_interval(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enrolment, "BATCH_SIZE", 2)
    keys = tenants("a", "a1", "a2", "a3", "a4")
    tenants("b")

    enrol([OF_ROWS])

    assert enrolled() == {("of_rows", key) for key in keys}
    times = set(DueJob.objects.values_list("due_at", flat=True))
    assert len(times) == 5
    assert clock.now <= min(times) <= max(times) <= clock.now + DAY


def test_rows_that_share_something_are_due_together(clock: Clock) -> None:
    for slug, name in (("a1", "Federation"), ("a2", "Federation"), ("a3", "Another")):
        Tenant.objects.create(slug=slug, name=name)

    enrol([replace(OF_ROWS, together="name")])

    first, second, other = DueJob.objects.order_by("subject").values_list("due_at", flat=True)
    assert first == second != other


def test_a_row_that_the_job_is_not_for_any_longer_is_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(enrolment, "BATCH_SIZE", 2)
    stays, *_ = tenants("a", "a1", "a2", "a3", "a4")
    enrol([ALONE, OF_ROWS])
    DueJob.objects.create(name="of an extra that is gone", subject=7, due_at="2026-01-01T00:00Z")

    for tenant in Tenant.objects.exclude(pk=stays):
        tenant.delete()
    enrol([ALONE, OF_ROWS])

    assert enrolled() == {
        ("alone", 0),
        ("of_rows", stays),
        ("of an extra that is gone", 7),
    }


def test_a_due_time_that_is_known_is_left_as_it_is(clock: Clock) -> None:
    tenants("a")
    enrol([ALONE, OF_ROWS])
    before = set(DueJob.objects.values_list("pk", "due_at"))
    clock.go_on(DAY)

    enrol([ALONE, OF_ROWS])

    assert set(DueJob.objects.values_list("pk", "due_at")) == before


@pytest.mark.parametrize("number", [1, 300])
def test_the_number_of_rows_makes_no_difference_where_nothing_is_new(number: int) -> None:
    tenants(*(f"a{number}" for number in range(number)))
    enrol([ALONE, OF_ROWS])

    with CaptureQueriesContext(connection) as statements:
        enrol([ALONE, OF_ROWS])

    assert len(statements) == 3


def test_two_processes_that_enrol_at_the_same_moment_add_one_row(clock: Clock) -> None:
    enrolment._add([DueJob(name="alone", due_at=clock.now)])
    enrolment._add([DueJob(name="alone", due_at=clock.now)])

    assert enrolled() == {("alone", 0)}
