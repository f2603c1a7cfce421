"""Define ``manage.py forget_person``: empty what is kept of one person, and say what stays."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jitprov.accounts.forgetting import Report, forget_address, forget_user
from jitprov.explain import find_users
from jitprov.management.query_log import without_query_log
from jitprov.scope import EVERYTHING


class Command(BaseCommand):
    """The command."""

    help = (
        "Empty what is kept of one person: claims and networks of their sign-ins, where their values come from, their "
        "sessions. Without --yes it only says what it would do."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        who = parser.add_mutually_exclusive_group(required=True)
        who.add_argument("--user", help="a user name, an e-mail address or a primary key")
        who.add_argument("--email", help="the address of somebody whose account is gone")
        parser.add_argument("--yes", action="store_true", help="do it")

    @without_query_log()
    def handle(self, *args: Any, **options: Any) -> None:
        doing = options["yes"]
        if options["email"] is not None:
            report = forget_address(options["email"], dry_run=not doing)
        else:
            report = forget_user(_the_one(options["user"]), dry_run=not doing)
        self._tell(report, "" if doing else "would be ")
        if not doing:
            self.stdout.write("Nothing was changed. Do it with --yes.")

    def _tell(self, report: Report, would: str) -> None:
        for what, count in report.emptied.items():
            self.stdout.write(f"{count} {what} {would}emptied or deleted.")
        for what in report.kept:
            self.stdout.write(f"Kept: {what}")


def _the_one(name: str) -> Any:
    found = find_users(name, EVERYTHING)
    if len(found) != 1:
        raise CommandError(
            "Several people have this name. Give a primary key."
            if found
            else "There is no such person."
        )
    return found[0]
