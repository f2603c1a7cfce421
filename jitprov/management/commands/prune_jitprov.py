"""``manage.py prune_jitprov``: to be run every day."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.timezone import now as current_time

from jitprov.conf import conf
from jitprov.models import ConsumedAssertion, ProvisioningEvent


class Command(BaseCommand):
    """Deletes what need not be remembered any longer."""

    help = "Delete used assertions that have expired and old provisioning events. Run it every day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--events-days",
            type=int,
            metavar="DAYS",
            help="keep events that many days (default: JITPROV_EVENT_RETENTION)",
        )
        parser.add_argument("--dry-run", action="store_true", help="count only")

    def handle(self, *args: Any, **options: Any) -> None:
        days = options["events_days"]
        if days is not None and days < 1:
            raise CommandError("--events-days must be at least 1.")
        retention = conf.EVENT_RETENTION if days is None else timedelta(days=days)
        now = current_time()
        assertions = ConsumedAssertion.objects.filter(expires_at__lt=now)
        events = ProvisioningEvent.objects.filter(created_at__lt=now - retention)
        if options["dry_run"]:
            verb, counts = "Would delete", (assertions.count(), events.count())
        else:
            verb, counts = "Deleted", (assertions.delete()[0], events.delete()[0])
        self.stdout.write(
            f"{verb} {counts[0]} used assertions that have expired and {counts[1]} events "
            f"older than {retention.days} days."
        )
