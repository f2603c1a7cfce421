"""Define what a job is: a name, a function and how often, and for which rows it is run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from django.core.exceptions import ImproperlyConfigured
from django.db.models import QuerySet

from jitprov import extras
from jitprov.jobs.lease import Lease

Run: TypeAlias = "Callable[[Sequence[Lease]], object]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is done again and again, by whichever process is free.

    It may be stopped anywhere, and be run twice: each of its transactions is ``with lease.transaction():``.
    """

    name: str
    """Stable, because its rows have it."""
    run: Run
    """Does the work for some leases, each in its :meth:`~jitprov.jobs.lease.Lease.attempt`. :func:`each` makes it."""
    every: timedelta
    at_once: int = 1
    """How many leases it is given at most, for what costs less for several together."""
    subjects: Callable[[], QuerySet[Any]] | None = None
    """Returns the rows that it is run for, each by itself; ``None`` if it is for no row."""
    together: str = ""
    """A text column of those rows. Rows with the same value are due together, for what they can share."""
    is_told_elsewhere: bool = False
    """Whether a failure is shown with the row that it is about, and so is only counted among the jobs."""


def each(function: Callable[[int, Lease], object]) -> Run:
    """Return what runs a function for one lease after the other.

    :param function: is given the primary key of the row, 0 if the job is for none, and the lease.
    """

    def run(leases: Sequence[Lease]) -> None:
        for lease in leases:
            with lease.attempt():
                function(lease.subject, lease)

    return run


def enlisted() -> tuple[Job, ...]:
    """Return the jobs of jitprov and of its extras.

    :raises ImproperlyConfigured: two have one name.
    """
    jobs: tuple[Job, ...] = tuple(extras.jobs())
    names = [job.name for job in jobs]
    if len(set(names)) < len(names):
        raise ImproperlyConfigured(f"two jobs have one name: {', '.join(sorted(names))}")
    return jobs
