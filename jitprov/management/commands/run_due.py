"""Define ``manage.py run_due``: work off the jobs that are due, once or for as long as it is let."""

from __future__ import annotations

import signal
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, close_old_connections

from jitprov.jobs import Job
from jitprov.jobs.enrolment import enrol
from jitprov.jobs.job import enlisted
from jitprov.jobs.running import Outcome, Ran, run_due
from jitprov.management.query_log import without_query_log

PAUSE = 5.0
"""Seconds between two looks at what is due."""
ENROL_EVERY = 60.0
"""Seconds between two looks for rows that have no due time yet."""
_NAP = 0.5


class Command(BaseCommand):
    """The command. It finds out what is due; what is done is the business of each job."""

    # It is run every minute. Checks are for a deployment, and load every URL and view.
    requires_system_checks: list[str] = []
    help = (
        "Do what is due: refresh metadata, delete what is old, and what else is enlisted. Run it every minute, or "
        "once with --loop. Several may run at the same time, on several machines."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--loop",
            action="store_true",
            help="go on until SIGTERM or SIGINT; a job that has begun is done first",
        )
        parser.add_argument(
            "--job",
            action="append",
            metavar="NAME",
            help="only this one; can be given several times",
        )
        parser.add_argument("--seconds", type=int, help="begin no more after so many seconds")

    @without_query_log()
    def handle(self, *args: Any, **options: Any) -> None:
        jobs = _chosen(options["job"])
        with _stopped_by_signals(options["seconds"]) as patience:
            if options["loop"]:
                self._loop(jobs, patience)
            else:
                self._once(jobs, patience)

    def _once(self, jobs: Collection[Job], patience: _Patience) -> None:
        enrol(jobs)
        failed = [ran for ran in self._told(jobs, patience) if ran.outcome is Outcome.FAILED]
        if failed:
            raise CommandError(f"{len(failed)} failed.")

    def _loop(self, jobs: Collection[Job], patience: _Patience) -> None:
        enrolled: float | None = None
        while patience.goes_on():
            # Also those that have broken: the next statement opens another one.
            close_old_connections()
            try:
                if enrolled is None or time.monotonic() - enrolled > ENROL_EVERY:
                    enrol(jobs)
                    enrolled = time.monotonic()
                for _ in self._told(jobs, patience):
                    pass
            except OperationalError as error:
                self.stderr.write(f"The database gave no answer: {error}")
            patience.sleep(PAUSE)

    def _told(self, jobs: Collection[Job], patience: _Patience) -> Iterator[Ran]:
        for ran in run_due(jobs, patience.goes_on):
            self.stdout.write(_line(ran))
            self.stdout.flush()
            yield ran


class _Patience:
    """Whether to go on: until a signal came, or the time is over."""

    def __init__(self, seconds: int | None) -> None:
        self._stopped = False
        self._end = None if seconds is None else time.monotonic() + seconds

    def stop(self, *_: Any) -> None:
        self._stopped = True

    def goes_on(self) -> bool:
        return not self._stopped and (self._end is None or time.monotonic() < self._end)

    def sleep(self, seconds: float) -> None:
        # A signal does not end a sleep.
        end = time.monotonic() + seconds
        while self.goes_on() and time.monotonic() < end:
            time.sleep(_NAP)


@contextmanager
def _stopped_by_signals(seconds: int | None) -> Iterator[_Patience]:
    patience = _Patience(seconds)
    before = {one: signal.signal(one, patience.stop) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield patience
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


def _chosen(names: Collection[str] | None) -> list[Job]:
    by_name = {job.name: job for job in enlisted()}
    unknown = sorted(set(names or ()) - set(by_name))
    if unknown:
        raise CommandError(
            f"There is no job {', '.join(unknown)}, only {', '.join(sorted(by_name))}."
        )
    return [job for name, job in by_name.items() if not names or name in names]


def _line(ran: Ran) -> str:
    what = f"{ran.name} {ran.subject}" if ran.subject else ran.name
    code = f" [{ran.code}]" if ran.code else ""
    counts = ", ".join(f"{name} {count}" for name, count in ran.progress.items() if count)
    return f"{what}: {ran.outcome}{code}" + (f" ({counts})" if counts else "")
