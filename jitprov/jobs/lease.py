"""Lease what is due by a row of the database, so that each is worked on by one process, whichever machine it is on.

A process can be paused for longer than its lease lasts. So each transaction of a job begins with a statement that counts
the row by the token: it counts none once somebody else has taken the job, and it locks the row until the end, so that
nobody takes it meanwhile.
"""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Case, CharField, F, Field, IntegerField, Q, QuerySet, Value, When
from django.db.models.expressions import Combinable

from jitprov.exceptions import JitprovError
from jitprov.jobs import times
from jitprov.models import DueJob, accounts_database
from jitprov.models.due_jobs import MAX_CODE

logger = logging.getLogger(__name__)

LEASED_FOR = timedelta(minutes=10)
"""Time after which others take a job of which nothing was heard. Each transaction of it begins it anew."""

INTERRUPTED = "interrupted"
"""Error code of a job whose process ended before the job did."""


class LeaseLost(Exception):
    """Somebody else has taken the job, so that nothing of it may be written here any more."""


class Lease:
    """The right to work on one job for one row, and what came of it."""

    def __init__(self, row: DueJob) -> None:
        """Begin where the job was left."""
        self.name, self.subject = row.name, row.subject
        self.cursor, self.progress = row.cursor, row.progress
        self.failures = row.failures
        self.code = ""
        """Why it failed; empty if it has not."""
        self.is_lost = False
        self._own = _rows().filter(pk=row.pk, lease_token=row.lease_token)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Begin a transaction in which nobody else can have the job.

        :raises LeaseLost: somebody else has it.
        """
        with transaction.atomic(using=accounts_database()):
            self.renew()
            yield

    def renew(self) -> None:
        """Begin the lease anew.

        :raises LeaseLost: somebody else has taken it.
        """
        self._write(leased_until=times.now() + LEASED_FOR)

    def reached(self, cursor: str = "", /, **progress: int) -> None:
        """Write down how far the job has come: where it goes on if it is stopped here, and what was done so far.

        Within :meth:`transaction` that is written together with the work, or not at all.

        :raises LeaseLost: somebody else has the job.
        """
        self.cursor, self.progress = cursor, progress
        self._write(cursor=cursor, progress=progress)

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """Note what goes wrong in the block, so that other jobs go on."""
        try:
            yield
        except LeaseLost:
            self.is_lost = True
        except Exception as error:  # noqa: BLE001 -- whatever it is, other jobs go on
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Note that the job failed."""
        if isinstance(error, JitprovError):
            self.code = error.code
            return
        self.code = type(error).__name__
        # Without the text of the exception: that of a database may quote a row.
        where = "".join(traceback.format_tb(error.__traceback__))
        logger.error("job %s for row %s failed: %s\n%s", self.name, self.subject, self.code, where)

    def end(self, every: timedelta, chance: float) -> None:
        """Give the job back, due again when its time comes, or sooner if it failed.

        :param chance: keeps those together that have the same.
        """
        try:
            if self.code:
                self._give_back(
                    due_at=times.after_failure(self.failures + 1, chance),
                    failures=self.failures + 1,
                    last_error_code=self.code[:MAX_CODE],
                )
            elif not self.is_lost:
                self._give_back(due_at=times.after_success(every, chance), failures=0, cursor="")
        except LeaseLost:
            self.is_lost = True

    def _give_back(self, **values: Any) -> None:
        self._write(leased_until=None, lease_token="", last_finished_at=times.now(), **values)

    def _write(self, **values: Any) -> None:
        if not self._own.update(**values):
            raise LeaseLost


def oldest_due(names: Collection[str]) -> str | None:
    """Return the name of the job that has been due for longest; ``None`` if none of these is due."""
    due = _due(times.now()).filter(name__in=names).order_by("due_at", "pk")
    return due.values_list("name", flat=True).first()


def take(name: str, at_most: int) -> list[Lease]:
    """Lease what is due of a job. It may be less than there is, and nothing, if others take it at the same moment."""
    token, now = secrets.token_hex(16), times.now()
    due = _due(now).filter(name=name)
    wanted = list(due.order_by("due_at", "pk").values_list("pk", flat=True)[:at_most])
    # Whether it is still due is looked at by the statement that takes it.
    due.filter(pk__in=wanted).update(
        # First, because MariaDB sets one column after the other, and reads what it has set.
        failures=_if_interrupted(F("failures") + 1, "failures", IntegerField()),
        last_error_code=_if_interrupted(Value(INTERRUPTED), "last_error_code", CharField()),
        lease_token=token,
        leased_until=now + LEASED_FOR,
        last_started_at=now,
    )
    taken = _rows().filter(pk__in=wanted, lease_token=token).order_by("pk")
    return [Lease(row) for row in taken]


def _if_interrupted(then: Combinable, column: str, kind: Field[Any, Any]) -> Case:
    """Return another value of a column where somebody had taken the job and never ended it."""
    was_taken = When(leased_until__isnull=False, then=then)
    return Case(was_taken, default=F(column), output_field=kind)


def _due(now: datetime) -> QuerySet[DueJob, DueJob]:
    free = Q(leased_until=None) | Q(leased_until__lt=now)
    return _rows().filter(free, due_at__lte=now)


def _rows() -> QuerySet[DueJob, DueJob]:
    # The one that is written to: a copy of it may be behind.
    return DueJob.objects.using(accounts_database())
