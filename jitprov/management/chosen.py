"""Which identity providers a command is about: all of them, a tenant's, or some by name."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.management.base import CommandError
from django.db.models import QuerySet

from jitprov.metadata_import import TenantUnknown, find_tenant
from jitprov.models import IdentityProvider


def chosen_identity_providers(
    tenant: str | None, slugs: Sequence[str] | None
) -> QuerySet[IdentityProvider]:
    """Return the rows that ``--tenant`` and ``--idp`` name; all of them if neither is given.

    :raises CommandError: there is no such tenant, or no such identity provider among its own.
    """
    rows: QuerySet[IdentityProvider] = IdentityProvider.objects.all()
    if tenant is not None:
        try:
            rows = rows.filter(tenant=find_tenant(tenant))
        except TenantUnknown as error:
            raise CommandError(str(error)) from error
    if slugs:
        found = set(rows.filter(slug__in=slugs).values_list("slug", flat=True))
        unknown = [repr(slug[:200]) for slug in slugs if slug not in found]
        if unknown:
            raise CommandError(f"There is no identity provider {', '.join(unknown)}.")
        rows = rows.filter(slug__in=slugs)
    return rows
