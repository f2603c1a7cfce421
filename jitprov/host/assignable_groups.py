"""The groups of the host that a tenant's mapping may assign."""

from __future__ import annotations

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db.models import Q, QuerySet

from jitprov.conf import conf

POWERFUL_APPS = ("auth", "admin", "jitprov")
"""Apps whose permissions let a person give themselves more. The permissions on users do so too."""


def assignable_groups() -> QuerySet[Group]:
    """Return the groups that the host lets tenants assign.

    ``JITPROV_ASSIGNABLE_GROUPS`` names them. Without it: the groups that have no permission of ``auth``, ``admin`` or
    ``jitprov``, and none on the user model.
    """
    names = conf.ASSIGNABLE_GROUPS
    if names is not None:
        return Group.objects.filter(name__in=names).order_by("name")
    users = get_user_model()._meta
    powerful = Group.objects.filter(
        Q(permissions__content_type__app_label__in=POWERFUL_APPS)
        | Q(
            permissions__content_type__app_label=users.app_label,
            permissions__content_type__model=users.model_name,
        )
    )
    return Group.objects.exclude(pk__in=powerful.values("pk")).order_by("name")
