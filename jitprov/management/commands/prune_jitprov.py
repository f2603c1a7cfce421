"""Define ``manage.py prune_jitprov``, to be run every day: delete what need not be kept any longer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jitprov.conf import conf
from jitprov.journal.pruning import LINKS_KEPT, Kept, count_old, prune
from jitprov.management.query_log import without_query_log


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
        events = _days(options, "events_days")
        kept = Kept(
            events=conf.EVENT_RETENTION if events is None else events,
            changes=_days(options, "changes_days"),
        )
        counts = count_old(kept) if options["dry_run"] else dict(prune(kept))
        for line in _lines(counts, kept, dry_run=options["dry_run"]):
            self.stdout.write(line)


def _days(options: dict[str, Any], name: str) -> timedelta | None:
    days: int | None = options[name]
    if days is not None and days < 1:
        raise CommandError(f"--{name.replace('_', '-')} must be at least 1.")
    return None if days is None else timedelta(days=days)


def _lines(counts: Mapping[str, int], kept: Kept, *, dry_run: bool) -> Iterator[str]:
    verb = "Would delete" if dry_run else "Deleted"
    yield (
        f"{verb} {counts['assertions']} used assertions that have expired and {counts['events']} events "
        f"older than {kept.events.days} days."
    )
    yield (
        f"{verb} {counts['tests']} test sign-ins that have expired, {counts['links']} setup links that ended "
        f"more than {LINKS_KEPT.days} days ago and {counts['claim_names']} names of claims that came no more."
    )
    yield f"{verb} {counts['idempotency_keys']} idempotency keys of the API that are older than a day."
    yield (
        f"{verb} what was remembered of {counts['former_identities']} people whose identity provider was "
        f"deleted more than {kept.events.days} days ago."
    )
    yield (
        f"{'Would empty' if dry_run else 'Emptied'} the claims of {counts['claims']} events older than "
        f"{conf.CLAIMS_RETENTION}."
    )
    yield f"{verb} {counts['sessions']} sessions of sign-ins that are over."
    if kept.changes is not None:
        yield f"{verb} {counts['changes']} recorded changes older than {kept.changes.days} days."
