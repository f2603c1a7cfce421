"""Choose whose sessions or access a command is about: a person's, or everybody's of an identity provider or tenant."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.db.models import QuerySet

from jitprov.explain import find_users
from jitprov.management.chosen import chosen_identity_provider, chosen_tenant
from jitprov.models import ExternalIdentity, IdentityProvider
from jitprov.scope import EVERYTHING


def add_whose(parser: CommandParser) -> None:
    """Add the arguments of which one has to be given."""
    whose = parser.add_mutually_exclusive_group(required=True)
    whose.add_argument("--user", help="a user name, an e-mail address or a primary key")
    whose.add_argument(
        "--identity", type=int, metavar="ID", help="the primary key of an external identity"
    )
    whose.add_argument("--idp", metavar="SLUG", help="of everybody who came by this one")
    whose.add_argument("--tenant", help="of everybody who came by one of this tenant's")


def is_everybody(options: dict[str, Any]) -> bool:
    """Say whether everybody of an identity provider or a tenant is meant."""
    return options["idp"] is not None or options["tenant"] is not None


def chosen_by_whose(options: dict[str, Any]) -> QuerySet[IdentityProvider]:
    """Return the identity providers of which everybody is meant.

    :raises CommandError: there is none.
    """
    if options["idp"] is not None:
        return IdentityProvider.objects.filter(pk=chosen_identity_provider(options["idp"]).pk)
    return IdentityProvider.objects.filter(tenant=chosen_tenant(options["tenant"]))


def chosen_people(options: dict[str, Any]) -> QuerySet[ExternalIdentity]:
    """Return the external identities that are meant.

    :raises CommandError: there is none, or the name is that of several people.
    """
    people = ExternalIdentity.objects.filter(**_those(options))
    if not people.exists():
        raise CommandError("There is no such person at an identity provider.")
    return people


def _those(options: dict[str, Any]) -> dict[str, Any]:
    if is_everybody(options):
        return {"identity_provider__in": chosen_by_whose(options)}
    if options["identity"] is not None:
        return {"pk": options["identity"]}
    users = find_users(options["user"], EVERYTHING)
    if len(users) > 1:
        raise CommandError("Several people have this name. Give a primary key.")
    return {"user__in": [user.pk for user in users]}
