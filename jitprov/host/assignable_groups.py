"""The groups of the host that a tenant's mapping may assign."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef, Q, QuerySet

from jitprov.conf import conf

POWERFUL_APPS = ("auth", "admin", "jitprov")
"""Apps whose permissions let a person give themselves more. The permissions on users do so too."""


def assignable_groups() -> QuerySet[Group]:
    """Return the groups that the host lets tenants assign: none without a setting.

    ``JITPROV_ASSIGNABLE_GROUPS`` names them. ``JITPROV_ASSIGNABLE_GROUPS_OF_APPS`` adds those that have permissions of
    these apps alone.
    """
    allowed = Q(name__in=conf.ASSIGNABLE_GROUPS)
    apps = conf.ASSIGNABLE_GROUPS_OF_APPS
    if apps is not None:
        allowed |= ~Q(Exists(_beyond(apps)))
    return Group.objects.filter(allowed).order_by("name")


def _beyond(apps: tuple[str, ...]) -> QuerySet[Any]:
    """Return the permissions of an outer group that are of another app or on users."""
    users = get_user_model()._meta
    harmless = set(apps) - set(POWERFUL_APPS)
    return Group.permissions.through.objects.filter(group=OuterRef("pk")).exclude(
        Q(permission__content_type__app_label__in=harmless)
        & ~Q(
            permission__content_type__app_label=users.app_label,
            permission__content_type__model=users.model_name,
        )
    )
