"""Work off what is due: any number of processes do it at the same time, and none does what another one does."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import Any, TypeVar

from django.db import OperationalError

from jitprov.jobs import times
from jitprov.jobs.job import Job
from jitprov.jobs.lease import Lease, oldest_due, take

T = TypeVar("T")

ATTEMPTS = 6
"""How often a statement is tried that other processes are in the way of."""


class Outcome(StrEnum):
    """What came of a job."""

    DONE = "done"
    FAILED = "failed"
    LOST = "lost"
    """Another process has taken it meanwhile, and does it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A job that was run once, for one row or for none."""

    name: str
    subject: int
    outcome: Outcome
    code: str
    progress: Mapping[str, Any]


def run_due(jobs: Collection[Job], goes_on: Callable[[], bool] = lambda: True) -> Iterator[Ran]:
    """Work off what is due of some jobs, the oldest first, and yield each when it has ended.

    :param goes_on: is asked before each is begun.
    """
    by_name = {job.name: job for job in jobs}
    while goes_on():
        name = _patiently(lambda: oldest_due(by_name))
        if name is None:
            return
        yield from _run(by_name[name])


def _run(job: Job) -> Iterator[Ran]:
    leases = _patiently(lambda: take(job.name, job.at_once))
    if leases:
        _carry_out(job, leases)
    # What ran together stays together.
    chance = times.chance()
    for lease in leases:
        _patiently(partial(lease.end, job.every, chance))
        yield _what_came_of(lease)


def _carry_out(job: Job, leases: Sequence[Lease]) -> None:
    try:
        job.run(leases)
    except Exception as error:  # noqa: BLE001 -- whatever it is, other jobs go on
        for lease in leases:
            lease.fail(error)


def _what_came_of(lease: Lease) -> Ran:
    outcome = Outcome.FAILED if lease.code else Outcome.DONE
    return Ran(
        name=lease.name,
        subject=lease.subject,
        outcome=Outcome.LOST if lease.is_lost else outcome,
        code=lease.code,
        progress=lease.progress,
    )


def _patiently(work: Callable[[], T]) -> T:
    """Carry out a statement, and again if the database was busy with those of other processes."""
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except OperationalError:
            time.sleep(times.pause(attempt))
    return work()
