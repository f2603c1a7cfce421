"""Define ``manage.py explain_user NAME``: say where the values of an account come from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jitprov.conf import conf
from jitprov.explain import as_json, explain_user, find_users
from jitprov.management.chosen import chosen_tenant
from jitprov.management.preview_report import visible
from jitprov.management.why_report import lines_of
from jitprov.scope import EVERYTHING, Scope


class Command(BaseCommand):
    """The command. It prints what the page *Provisioning* in the admin shows, and writes nothing."""

    help = (
        "Say which identity provider, claim and mapping set each field and group of a person and when, and how "
        "their last sign-ins went."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("person", help="a user name, an e-mail address or a primary key")
        parser.add_argument("--tenant", help="show only what belongs to this tenant")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        scope = _scope(options["tenant"])
        user = _the_one(find_users(options["person"], scope), options["person"])
        explanation = explain_user(user, scope)
        if options["json"]:
            # In ASCII, as directories may have sent what a terminal would obey.
            self.stdout.write(json.dumps(as_json(explanation), indent=2))
        else:
            self.stdout.write("\n".join(map(visible, lines_of(explanation))))


def _scope(tenant: str | None) -> Scope:
    if tenant is None:
        return EVERYTHING
    found = chosen_tenant(tenant)
    tenants = apps.get_model(conf.TENANT_MODEL)._default_manager.filter(pk=found.pk)
    return Scope(tenants=tenants, something=True)


def _the_one(users: Sequence[Any], name: str) -> Any:
    if not users:
        raise CommandError(f"Nobody has the user name, e-mail address or primary key {name!r}.")
    if len(users) > 1:
        listed = "\n".join(visible(f"  {user.pk}  {user.get_username()}") for user in users)
        raise CommandError(f"Several people have {name!r}. Give a primary key:\n{listed}")
    return users[0]
