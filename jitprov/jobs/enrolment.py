"""Give each row that a job is for a due time of its own, and take it away when the row is gone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from jitprov.jobs import times
from jitprov.jobs.job import Job
from jitprov.models import DueJob, accounts_database

BATCH_SIZE = 500
"""Rows of one statement."""


def enrol(jobs: Collection[Job]) -> None:
    """Add the due times that are missing, and remove those of rows that are gone: two statements for each job, if none."""
    _enrol_alone({job.name for job in jobs if job.subjects is None})
    for job in jobs:
        if job.subjects is not None:
            subjects = job.subjects().using(accounts_database())
            _enrol_subjects(job, subjects.order_by())


def _enrol_alone(names: set[str]) -> None:
    known = set(_rows().filter(name__in=names, subject=0).values_list("name", flat=True))
    _add([DueJob(name=name, due_at=times.now()) for name in sorted(names - known)])


def _enrol_subjects(job: Job, subjects: QuerySet[Any]) -> None:
    rows = _rows().filter(name=job.name)
    new = subjects.filter(~Exists(rows.filter(subject=OuterRef("pk"))))
    for keys in _batches(new):
        _add(list(_first_times(job, subjects.filter(pk__in=keys))))
    gone = rows.filter(~Exists(subjects.filter(pk=OuterRef("subject"))))
    for keys in _batches(gone):
        _rows().filter(pk__in=keys).delete()


def _first_times(job: Job, subjects: QuerySet[Any]) -> Iterator[DueJob]:
    for key, shared in subjects.values_list("pk", job.together or "pk"):
        chance = times.chance_of(shared) if job.together else times.chance()
        due_at = times.spread_over(job.every, chance)
        yield DueJob(name=job.name, subject=key, due_at=due_at)


def _batches(rows: QuerySet[Any]) -> Iterator[list[int]]:
    """Yield keys, a batch at a time. Whoever takes them sees to it that they are no longer among the rows."""
    keys = rows.order_by("pk").values_list("pk", flat=True)
    batch = list(keys[:BATCH_SIZE])
    while batch:
        yield batch
        batch = list(keys.filter(pk__gt=batch[-1])[:BATCH_SIZE])


def _add(rows: list[DueJob]) -> None:
    # Another process may add the same at this moment.
    _rows().bulk_create(rows, ignore_conflicts=True)


def _rows() -> QuerySet[DueJob, DueJob]:
    return DueJob.objects.using(accounts_database())
