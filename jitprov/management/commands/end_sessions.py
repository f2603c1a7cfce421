"""Define ``manage.py end_sessions``: sign people out who came by an identity provider."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db.models import QuerySet

from jitprov.configuration.enabling import end_sessions_for, end_sessions_for_everybody
from jitprov.explain import find_users
from jitprov.journal.actors import Actor
from jitprov.management.chosen import chosen_identity_provider, chosen_tenant
from jitprov.models import ExternalIdentity, IdentityProvider
from jitprov.scope import EVERYTHING


class Command(BaseCommand):
    """The command."""

    help = (
        "End sessions that began with a sign-in, at their next request. Nobody is switched off: who may sign in can do "
        "so again at once."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--user", help="a user name, an e-mail address or a primary key")
        whose.add_argument(
            "--identity", type=int, metavar="ID", help="the primary key of an external identity"
        )
        whose.add_argument("--idp", metavar="SLUG", help="of everybody who came by this one")
        whose.add_argument("--tenant", help="of everybody who came by one of this tenant's")
        parser.add_argument("--dry-run", action="store_true", help="count only")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor.command("end_sessions")
        if options["idp"] is not None or options["tenant"] is not None:
            providers = _identity_providers(options)
            self._say(
                options,
                providers,
                lambda: end_sessions_for_everybody(providers, actor),
                "everybody of",
            )
        else:
            people = _people(options)
            self._say(options, people, lambda: end_sessions_for(people, actor), "")

    def _say(self, options: dict[str, Any], rows: QuerySet[Any], end: Any, whose: str) -> None:
        count = rows.count() if options["dry_run"] else end()
        name = rows.model._meta.verbose_name if count == 1 else rows.model._meta.verbose_name_plural
        verb = "Would end" if options["dry_run"] else "Ended"
        self.stdout.write(" ".join(f"{verb} the sessions of {whose} {count} {name}.".split()))


def _identity_providers(options: dict[str, Any]) -> QuerySet[IdentityProvider]:
    if options["idp"] is not None:
        return IdentityProvider.objects.filter(pk=chosen_identity_provider(options["idp"]).pk)
    return IdentityProvider.objects.filter(tenant=chosen_tenant(options["tenant"]))


def _people(options: dict[str, Any]) -> QuerySet[ExternalIdentity]:
    people = ExternalIdentity.objects.all()
    if options["identity"] is not None:
        people = people.filter(pk=options["identity"])
    else:
        users = find_users(options["user"], EVERYTHING)
        if len(users) > 1:
            raise CommandError("Several people have this name. Give a primary key.")
        people = people.filter(user__in=[user.pk for user in users])
    if not people.exists():
        raise CommandError("There is no such person at an identity provider.")
    return people
