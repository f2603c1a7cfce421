"""Define ``manage.py export_audit``: print the record of changes for another system."""

from __future__ import annotations

import json
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import Q, QuerySet
from django.utils.timezone import make_aware

from jitprov.conf import conf
from jitprov.management.chosen import chosen_tenant
from jitprov.management.query_log import without_query_log
from jitprov.models import ConfigurationChange

CHUNK = 2000
"""Rows that are held in memory at a time."""


class Command(BaseCommand):
    """The command. It prints every recorded change as one line of JSON, oldest first."""

    help = "Print who changed what in the configuration: one JSON object a line, oldest first."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tenant", help="only this tenant's")
        parser.add_argument("--idp", metavar="SLUG", help="only this identity provider's")
        parser.add_argument("--since", type=_day, metavar="DATE", help="from this day on")
        parser.add_argument("--until", type=_day, metavar="DATE", help="up to this day")

    @without_query_log()
    def handle(self, *args: Any, **options: Any) -> None:
        for line in _lines(_chosen(options)):
            self.stdout.write(line)


def _chosen(options: dict[str, Any]) -> QuerySet[ConfigurationChange]:
    rows: QuerySet[ConfigurationChange] = ConfigurationChange.objects.order_by("created_at", "pk")
    if options["tenant"] is not None:
        rows = rows.filter(tenant=chosen_tenant(options["tenant"]))
    if options["idp"] is not None:
        # By the name that was written down: the identity provider itself may be gone.
        rows = rows.filter(slug=options["idp"])
    if options["since"]:
        rows = rows.filter(created_at__gte=_midnight(options["since"]))
    if options["until"]:
        rows = rows.filter(created_at__lt=_midnight(options["until"] + timedelta(days=1)))
    return rows


def _lines(rows: QuerySet[ConfigurationChange]) -> Iterator[str]:
    tenant = f"tenant__{conf.TENANT_LOOKUP_FIELD}"
    columns = ("actor", "via", "what", "label", "action", "changes", "note")
    for row in _in_chunks(rows.values("pk", "created_at", "slug", tenant, *columns)):
        yield json.dumps(
            {
                "id": row["pk"],
                "at": row["created_at"].astimezone(UTC).isoformat(),
                "tenant": None if row[tenant] is None else str(row[tenant]),
                "identity_provider": row["slug"],
                **{name: row[name] for name in columns},
            }
        )


def _in_chunks(rows: QuerySet[ConfigurationChange, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield the rows by statements of their own, each from where the last one ended.

    ``iterator()`` would open a cursor in PostgreSQL, which a pooler that serves others between two statements loses.
    """
    chunk = list(rows[:CHUNK])
    yield from chunk
    while len(chunk) == CHUNK:
        at, pk = chunk[-1]["created_at"], chunk[-1]["pk"]
        after = Q(created_at__gt=at) | Q(created_at=at, pk__gt=pk)
        chunk = list(rows.filter(after)[:CHUNK])
        yield from chunk


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ArgumentTypeError(f"{text[:50]!r} is not a date such as 2026-01-31") from error


def _midnight(day: date) -> datetime:
    return make_aware(datetime.combine(day, time.min))
