"""Define ``manage.py end_access``: take people's access away, now or on a date, and give it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime

from jitprov.configuration.enabling import (
    Done,
    end_access_for,
    give_access_back_to,
    set_leaving_date,
)
from jitprov.journal.actors import Actor
from jitprov.management.preview_report import visible
from jitprov.management.query_log import without_query_log
from jitprov.management.whose import add_whose, chosen_people
from jitprov.models import ExternalIdentity

MAX_LISTED = 50
"""People whom a dry run names."""


class Command(BaseCommand):
    """The command."""

    help = (
        "Switch people off at their identity providers: their sessions end at their next request, and they come in no "
        "more. Accounts that were made for them are switched off with them. --undo gives access back."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_whose(parser)
        parser.add_argument("--reason", default="", help="why, for those who look it up")
        when = parser.add_mutually_exclusive_group()
        when.add_argument(
            "--at", metavar="DATE", help="not now, but then: such as 2027-01-31 or 2027-01-31T18:00"
        )
        when.add_argument("--undo", action="store_true", help="give access back")
        parser.add_argument("--dry-run", action="store_true", help="name the people only")

    @without_query_log()
    def handle(self, *args: Any, **options: Any) -> None:
        at = _moment(options["at"])
        people = chosen_people(options)
        if not options["undo"]:
            people = people.filter(active=True)
        if options["dry_run"]:
            self._list(people)
        elif at is not None:
            count = set_leaving_date(people, Actor.command("end_access"), at)
            self.stdout.write(f"{count} will leave on {at.isoformat(timespec='minutes')}.")
        else:
            self._change(people, options)

    def _list(self, people: QuerySet[ExternalIdentity]) -> None:
        rows = people.select_related("identity_provider", "user").order_by("pk")
        for row in rows[:MAX_LISTED]:
            name = f"{row.pk}  {row.identity_provider.slug}  {row.user.get_username()}"
            self.stdout.write(visible(name))
        self.stdout.write(f"{people.count()} in all. Nothing was changed.")

    def _change(self, people: QuerySet[ExternalIdentity], options: dict[str, Any]) -> None:
        actor = Actor.command("end_access")
        change = give_access_back_to if options["undo"] else end_access_for
        done = change(people, actor, options["reason"])
        verb = "given back to" if options["undo"] else "taken from"
        self.stdout.write(f"Access {verb} {done.changed}, {done.unchanged} had no change.")
        self._refused(done)

    def _refused(self, done: Done) -> None:
        for identity, error in done.refused:
            why = visible(f"{error.text} [{error.code}, {error.reference}]".strip())
            self.stderr.write(f"Identity {identity.pk}: the application keeps this person: {why}")
        if done.refused:
            raise CommandError(f"{len(done.refused)} were kept.")


def _moment(text: str | None) -> datetime | None:
    """Return the moment that a date names: its first, in the time zone of the settings.

    :raises CommandError: it names none, or one that has passed.
    """
    if text is None:
        return None
    try:
        day = parse_date(text)
        moment = datetime(day.year, day.month, day.day) if day else parse_datetime(text)  # noqa: DTZ001
    except ValueError:
        moment = None
    if moment is None:
        raise CommandError("--at needs a date such as 2027-01-31.")
    moment = _as_now(moment)
    if moment <= timezone.now():
        raise CommandError("--at needs a date to come. Without it, access ends now.")
    return moment


def _as_now(moment: datetime) -> datetime:
    """Return a moment with a time zone, or without one where the host's settings have none."""
    if timezone.is_naive(timezone.now()):
        return timezone.make_naive(moment) if timezone.is_aware(moment) else moment
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment
