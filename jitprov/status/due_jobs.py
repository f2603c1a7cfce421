"""Find out how the jobs go that ``run_due`` works off: for operators, because jobs are of no tenant.

A host that never ran ``run_due``, because it runs the single commands, has no rows of jobs. Then nothing is said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from jitprov.jobs import Job
from jitprov.jobs.job import enlisted
from jitprov.models import DueJob
from jitprov.status.thresholds import JOB_FAILS_AFTER, JOB_LATE_AFTER
from jitprov.status.watched import Severity

Rows: TypeAlias = "QuerySet[DueJob, DueJob]"

LABELS = {
    "leaving_dates": gettext_lazy("End access on leaving dates"),
    "prune": gettext_lazy("Delete what is old"),
    "refresh_metadata": gettext_lazy("Refresh metadata"),
}
"""What people read; of the jobs of extras they read the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobStatus:
    """How one job goes, for all the rows that it is for."""

    job: Job
    at: datetime
    rows: int
    """How many it is for; 1 if it is for none in particular."""
    waiting: int
    """How many are due and not begun."""
    running: int
    failing: int
    """How many have failed several times in a row."""
    oldest: datetime | None
    """Since when the oldest waits; ``None`` if none does."""
    last_finished: datetime | None
    codes: Mapping[str, int] = field(default_factory=dict)
    """The codes of the failures, with the numbers of rows."""
    progress: Mapping[str, int] = field(default_factory=dict)
    """What it has done, if it is for no row in particular."""

    @property
    def name(self) -> str:
        return self.job.name

    @property
    def label(self) -> Any:
        return LABELS.get(self.name, self.name)

    @property
    def is_late(self) -> bool:
        """Say whether it has waited for so long that nobody seems to work."""
        late = max(self.job.every, JOB_LATE_AFTER)
        return self.oldest is not None and self.oldest < self.at - late

    @property
    def severity(self) -> Severity | None:
        fails = self.failing and not self.job.is_told_elsewhere
        return Severity.WARNING if self.is_late or fails else None

    @property
    def code(self) -> str:
        """Return the stable code of what is wrong; empty if nothing is."""
        if self.is_late:
            return "job_late"
        return "job_fails" if self.severity else ""

    @property
    def text(self) -> str:
        """Say what is wrong and what to do."""
        if self.is_late:
            return _(
                "It has been due for long, and nothing has run it. See that manage.py run_due runs all the time, and look"
                " for its errors in the logs."
            )
        return _("It has failed time and again: %(codes)s. Look for its errors in the logs.") % {
            "codes": ", ".join(sorted(self.codes))
        }

    def as_json(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        waits = self.at - self.oldest if self.oldest else None
        return {
            "name": self.name,
            "code": self.code,
            "rows": self.rows,
            "waiting": self.waiting,
            "running": self.running,
            "failing": self.failing,
            "oldest_waits_seconds": int(waits.total_seconds()) if waits else None,
            "last_finished_at": self.last_finished.isoformat() if self.last_finished else None,
            "error_codes": dict(self.codes),
            "progress": dict(self.progress),
        }


def due_jobs(now: datetime | None = None) -> list[JobStatus]:
    """Return how each job goes that has run or waits to: three statements, or one if there are none."""
    now = now or timezone.now()
    jobs = {job.name: job for job in enlisted()}
    rows = DueJob.objects.filter(name__in=jobs).order_by()
    counted = list(_counted(rows, now))
    if not counted:
        return []
    codes = _codes(rows)
    progress = dict(rows.filter(subject=0).values_list("name", "progress"))
    found = [
        JobStatus(
            job=jobs[name], at=now, codes=codes[name], progress=progress.get(name, {}), **numbers
        )
        for name, numbers in counted
    ]
    return sorted(found, key=lambda one: one.name)


def _counted(rows: Rows, now: datetime) -> Iterator[tuple[str, dict[str, Any]]]:
    leased = Q(leased_until__gte=now)
    waits = Q(due_at__lte=now) & (Q(leased_until=None) | Q(leased_until__lt=now))
    counted = rows.values("name").annotate(
        rows=Count("pk"),
        waiting=Count("pk", filter=waits),
        running=Count("pk", filter=leased),
        failing=Count("pk", filter=Q(failures__gte=JOB_FAILS_AFTER)),
        oldest=Min("due_at", filter=waits),
        last_finished=Max("last_finished_at"),
    )
    for one in counted:
        numbers: dict[str, Any] = {**one}
        yield numbers.pop("name"), numbers


def _codes(rows: Rows) -> Mapping[str, Mapping[str, int]]:
    codes: dict[str, dict[str, int]] = defaultdict(dict)
    failed = rows.filter(failures__gt=0).values("name", "last_error_code")
    for one in failed.annotate(number=Count("pk")):
        codes[one["name"]][one["last_error_code"]] = one["number"]
    return codes
