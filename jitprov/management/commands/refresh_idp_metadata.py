"""Define ``manage.py refresh_idp_metadata``, to be run every day: fetch metadata again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from time import monotonic
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import F, QuerySet

from jitprov.journal.actors import Actor
from jitprov.management.chosen import chosen_identity_providers
from jitprov.management.query_log import without_query_log
from jitprov.metadata.federation_map import in_batches
from jitprov.metadata.importing import ImportResult
from jitprov.metadata.refresh import AT_ONCE, Refreshed, refresh_many
from jitprov.models import IdentityProvider


class Command(BaseCommand):
    """The command. It updates certificates and URLs to what the identity providers publish."""

    help = (
        "Fetch the metadata of every identity provider that has a metadata URL again. One that fails keeps "
        "what it had, and the others are done nevertheless. Run it every day."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--idp",
            action="append",
            metavar="SLUG",
            help="only this one; can be given several times",
        )
        parser.add_argument("--tenant", help="only those of this tenant")
        parser.add_argument(
            "--minutes",
            type=int,
            default=60,
            help="begin no more after so many minutes (default: 60); the next run begins with the rest",
        )

    @without_query_log()
    def handle(self, *args: Any, **options: Any) -> None:
        if options["minutes"] < 1:
            raise CommandError("--minutes must be at least 1.")
        rows = chosen_identity_providers(options["tenant"], options["idp"])
        counts = Counter(unreached=0)
        for outcome in self._refreshed(rows.exclude(metadata_url=""), options["minutes"], counts):
            what = _what(outcome)
            counts[what] += 1
            if what != "unchanged":
                self.stdout.write(_line(outcome))
        self.stdout.write(
            f"{counts['changed']} changed, {counts['unchanged']} unchanged, {counts['failed']} failed."
        )
        if counts["unreached"]:
            self.stdout.write(f"{counts['unreached']} were not reached in time.")
        if counts["failed"]:
            raise CommandError(f"{counts['failed']} could not be refreshed.")

    @staticmethod
    def _refreshed(
        rows: QuerySet[IdentityProvider], minutes: int, counts: Counter[str]
    ) -> Iterator[Refreshed]:
        actor = Actor.command("refresh_idp_metadata")
        # Those that have waited longest first, so that a run that is stopped is gone on with.
        order = F("metadata_checked_at").asc(nulls_first=True)
        keys = list(rows.order_by(order, "pk").values_list("pk", flat=True))
        end = monotonic() + minutes * 60
        for batch in in_batches(keys, AT_ONCE):
            if monotonic() > end:
                counts["unreached"] += len(batch)
            else:
                yield from refresh_many(list(rows.filter(pk__in=batch)), actor)


def _what(outcome: Refreshed) -> str:
    if outcome.error is not None:
        return "failed"
    return "changed" if outcome.changed else "unchanged"


def _line(outcome: Refreshed) -> str:
    slug = outcome.identity_provider.slug
    if outcome.error is not None:
        return f"{slug}: failed: {outcome.error} [{outcome.error.code}]"
    changed = ", ".join(_changes(outcome.result)) if outcome.result else ""
    return f"{slug}: changed: {changed}"


def _changes(result: ImportResult) -> Iterator[str]:
    for change in result.changes:
        yield str(IdentityProvider._meta.get_field(change.field).verbose_name)  # type: ignore[union-attr]
    for sign, certificates in (
        ("+", result.certificates_added),
        ("-", result.certificates_removed),
    ):
        if certificates:
            yield f"certificates {sign}{len(certificates)}"
