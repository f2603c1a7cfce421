"""Define ``manage.py end_sessions``: sign people out who came by an identity provider."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.models import QuerySet

from jitprov.configuration.enabling import end_sessions_for, end_sessions_for_everybody
from jitprov.journal.actors import Actor
from jitprov.management.whose import add_whose, chosen_by_whose, chosen_people, is_everybody


class Command(BaseCommand):
    """The command."""

    help = (
        "End sessions that began with a sign-in, at their next request. Nobody is switched off: who may sign in can do "
        "so again at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        add_whose(parser)
        parser.add_argument("--dry-run", action="store_true", help="count only")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor.command("end_sessions")
        if is_everybody(options):
            providers = chosen_by_whose(options)
            self._say(
                options,
                providers,
                lambda: end_sessions_for_everybody(providers, actor),
                "everybody of",
            )
        else:
            people = chosen_people(options)
            self._say(options, people, lambda: end_sessions_for(people, actor), "")

    def _say(self, options: dict[str, Any], rows: QuerySet[Any], end: Any, whose: str) -> None:
        count = rows.count() if options["dry_run"] else end()
        name = rows.model._meta.verbose_name if count == 1 else rows.model._meta.verbose_name_plural
        verb = "Would end" if options["dry_run"] else "Ended"
        self.stdout.write(" ".join(f"{verb} the sessions of {whose} {count} {name}.".split()))
