"""Define ``manage.py prune_jitprov``, to be run every day: delete what need not be kept any longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import Q, QuerySet
from django.utils.timezone import now as current_time

from jitprov.conf import conf
from jitprov.management.query_log import without_query_log
from jitprov.models import (
    KEYS_KEPT,
    ConfigurationChange,
    ConsumedAssertion,
    FormerIdentity,
    IdempotencyKey,
    ObservedClaim,
    ProvisioningEvent,
    SetupLink,
    SignInSession,
    TestSignIn,
)
from jitprov.models.batches import delete_in_batches, update_in_batches

LINKS_KEPT = timedelta(days=30)
"""Time for which a setup link is kept after it has expired or was revoked."""


class Command(BaseCommand):
    """The command."""

    help = (
        "Delete used assertions, test sign-ins and setup links that have expired, old provisioning events, and "
        "claims that were kept for previews. Run it every day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--events-days",
            type=int,
            metavar="DAYS",
            help="keep events that many days (default: JITPROV_EVENT_RETENTION)",
        )
        parser.add_argument(
            "--changes-days",
            type=int,
            metavar="DAYS",
            help="delete the record of changes that is older (default: it is kept)",
        )
        parser.add_argument("--dry-run", action="store_true", help="count only")

    @without_query_log()
    def handle(self, *args: Any, **options: Any) -> None:
        days = _days(options, "events_days")
        retention = conf.EVENT_RETENTION if days is None else timedelta(days=days)
        work = _Pruning(
            now=current_time(),
            retention=retention,
            changes_days=_days(options, "changes_days"),
            dry_run=options["dry_run"],
        )
        for line in work.lines():
            self.stdout.write(line)


def _days(options: dict[str, Any], name: str) -> int | None:
    days: int | None = options[name]
    if days is not None and days < 1:
        raise CommandError(f"--{name.replace('_', '-')} must be at least 1.")
    return days


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pruning:
    """One run of the command."""

    now: datetime
    retention: timedelta
    changes_days: int | None
    dry_run: bool

    def lines(self) -> Iterator[str]:
        """Delete each kind, and yield a line about it."""
        verb = "Would delete" if self.dry_run else "Deleted"
        before = self.now - self.retention
        assertions = self._delete(ConsumedAssertion.objects.filter(expires_at__lt=self.now))
        events = self._delete(ProvisioningEvent.objects.filter(created_at__lt=before))
        yield (
            f"{verb} {assertions} used assertions that have expired and {events} events "
            f"older than {self.retention.days} days."
        )
        tests = self._delete(TestSignIn.objects.filter(expires_at__lt=self.now))
        links = self._delete(_ended_links(self.now - LINKS_KEPT))
        names = self._delete(ObservedClaim.objects.filter(last_seen__lt=before.date()))
        yield (
            f"{verb} {tests} test sign-ins that have expired, {links} setup links that ended more than "
            f"{LINKS_KEPT.days} days ago and {names} names of claims that came no more."
        )
        keys = self._delete(IdempotencyKey.objects.filter(created_at__lt=self.now - KEYS_KEPT))
        yield f"{verb} {keys} idempotency keys of the API that are older than a day."
        former = self._delete(FormerIdentity.objects.filter(retired_at__lt=before))
        yield (
            f"{verb} what was remembered of {former} people whose identity provider was deleted more than "
            f"{self.retention.days} days ago."
        )
        emptied = self._empty_claims(self.now - conf.CLAIMS_RETENTION)
        yield (
            f"{'Would empty' if self.dry_run else 'Emptied'} the claims of {emptied} events older than "
            f"{conf.CLAIMS_RETENTION}."
        )
        ended = self._delete(SignInSession.objects.filter(kept_until__lt=self.now))
        yield f"{verb} {ended} sessions of sign-ins that are over."
        if self.changes_days is not None:
            end = self.now - timedelta(days=self.changes_days)
            changes = self._delete(ConfigurationChange.objects.filter(created_at__lt=end))
            yield f"{verb} {changes} recorded changes older than {self.changes_days} days."

    def _delete(self, rows: QuerySet[Any]) -> int:
        """Delete rows, and return how many of their own kind were deleted."""
        return rows.count() if self.dry_run else delete_in_batches(rows)

    def _empty_claims(self, end: datetime) -> int:
        rows = ProvisioningEvent.objects.filter(created_at__lt=end).exclude(claims="")
        return rows.count() if self.dry_run else update_in_batches(rows, claims="")


def _ended_links(end: datetime) -> QuerySet[SetupLink]:
    return SetupLink.objects.filter(Q(expires_at__lt=end) | Q(revoked_at__lt=end))
