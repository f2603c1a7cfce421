"""Define ``manage.py jitprov_status``: say what needs attention, for people and for monitoring."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils import timezone

from jitprov.management.chosen import chosen_identity_provider, chosen_tenant
from jitprov.models import IdentityProvider, ProvisioningEvent
from jitprov.status import attention
from jitprov.status.attention import Attention
from jitprov.status.chart import Day
from jitprov.status.due_jobs import JobStatus, due_jobs
from jitprov.status.watched import Severity

EXIT_CODES = {Severity.WARNING: 1, Severity.CRITICAL: 2}
COULD_NOT_BE_ASKED = 3
"""Exit code that monitoring reads as unknown."""


class Command(BaseCommand):
    """The command. It prints what :mod:`jitprov.status.attention` finds, and writes nothing."""

    # Monitoring runs it every minute. Checks are for a deployment, and load every URL and view.
    requires_system_checks: list[str] = []
    help = (
        "Say what needs attention at identity providers that are enabled, and how many signed in. "
        "Exits with 0 if nothing does, 1 after a warning, 2 if something is critical, 3 if it could not be asked."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", help="only this tenant's")
        parser.add_argument("--idp", metavar="SLUG", help="only this identity provider")
        parser.add_argument(
            "--days", type=int, default=30, help="count sign-ins of that many days (default: 30)"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object instead")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            answer = _answer(options["tenant"], options["idp"], options["days"])
        except DatabaseError as error:
            raise CommandError(
                f"The database gave no answer: {error}", returncode=COULD_NOT_BE_ASKED
            ) from error
        if options["json"]:
            self.stdout.write(json.dumps(answer.as_json(), indent=2, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(answer.lines()))
        if answer.worst in EXIT_CODES:
            sys.exit(EXIT_CODES[answer.worst])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The findings that are printed, and the days."""

    at: datetime
    items: list[Attention]
    days: list[Day]
    jobs: list[JobStatus]

    @property
    def worst(self) -> Severity | None:
        jobs = {job.severity for job in self.jobs if job.severity is not None}
        return attention.worst({item.severity for item in self.items} | jobs)

    def as_json(self) -> dict[str, Any]:
        return {
            "checked_at": self.at.isoformat(),
            "worst": self.worst,
            "attention": [item.as_json() for item in self.items],
            "days": [day.as_json() for day in self.days],
            "jobs": [job.as_json() for job in self.jobs],
        }

    def lines(self) -> Iterator[str]:
        yield from _lines(self.items, self.jobs)
        yield _in_short(self.days)


def _answer(tenant: str | None, slug: str | None, days: int) -> _Answer:
    now = timezone.now()
    rows, events = IdentityProvider.objects.all(), ProvisioningEvent.objects.all()
    found = None
    if tenant is not None:
        found = chosen_tenant(tenant, returncode=COULD_NOT_BE_ASKED)
        rows, events = rows.filter(tenant=found), events.filter(tenant=found)
    if slug is None:
        items = list(attention.attention(rows, now))
    else:
        one = chosen_identity_provider(slug, tenant=found, returncode=COULD_NOT_BE_ASKED)
        items, events = attention.attention_for(one, now), events.filter(identity_provider=one)
    jobs = due_jobs(now) if tenant is None and slug is None else []
    return _Answer(at=now, items=items, days=attention.summary(events, now, days), jobs=jobs)


def _lines(items: list[Attention], jobs: list[JobStatus]) -> Iterator[str]:
    for item in items:
        yield f"{item.severity.upper()}  {item.identity_provider} of {item.tenant}  [{item.code}]"
        yield f"  {item.text}"
    troubled = [job for job in jobs if job.severity is not None]
    for job in troubled:
        yield f"{str(job.severity).upper()}  job {job.name}  [{job.code}]"
        yield f"  {job.text}"
    if not items and not troubled:
        yield "Nothing needs attention."


def _in_short(days: list[Day]) -> str:
    came, first, refused = (
        sum(getattr(day, name) for day in days)
        for name in ("sign_ins", "first_sign_ins", "refusals")
    )
    return f"In {len(days)} days: {came} sign-ins, {first} of them first sign-ins, and {refused} refusals."
