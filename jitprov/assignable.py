"""Which groups a tenant's mapping may hand out: the host decides."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from jitprov.conf import conf

POWERFUL_APPS = ("auth", "admin", "jitprov")
"""Whoever has a permission of these can give themselves others."""


def assignable_groups() -> QuerySet[Group]:
    """Return the groups that the host lets tenants map to.

    ``JITPROV_ASSIGNABLE_GROUPS`` names them. Without it: those that carry no permission of ``auth``, ``admin`` or
    ``jitprov``.
    """
    names = conf.ASSIGNABLE_GROUPS
    if names is not None:
        return Group.objects.filter(name__in=names).order_by("name")
    powerful = Group.objects.filter(permissions__content_type__app_label__in=POWERFUL_APPS)
    return Group.objects.exclude(pk__in=powerful.values("pk")).order_by("name")
