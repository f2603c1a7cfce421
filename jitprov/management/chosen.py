"""Find the tenant and the identity providers that a command's options name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet

from jitprov.metadata.importing import TenantUnknown, find_tenant
from jitprov.models import IdentityProvider


def chosen_tenant(name: str, *, returncode: int = 1) -> Any:
    """Return the tenant that ``--tenant`` names.

    :raises CommandError: there is none, or several.
    """
    try:
        return find_tenant(name)
    except TenantUnknown as error:
        raise CommandError(str(error), returncode=returncode) from error


def chosen_identity_provider(
    slug: str, *, tenant: Any = None, returncode: int = 1
) -> IdentityProvider:
    """Return the identity provider that ``--idp`` names, of this tenant if one is given.

    :raises CommandError: there is none.
    """
    found = IdentityProvider.meant_by(slug)
    if found is None or (tenant is not None and found.tenant_id != tenant.pk):
        raise CommandError(f"There is no identity provider {slug[:200]!r}.", returncode=returncode)
    return found


def chosen_identity_providers(
    tenant: str | None, slugs: Sequence[str] | None
) -> QuerySet[IdentityProvider]:
    """Return the identity providers that ``--tenant`` and ``--idp`` name; all of them if neither is given.

    :raises CommandError: there is no such tenant, or no such identity provider among its own.
    """
    rows: QuerySet[IdentityProvider] = IdentityProvider.objects.all()
    if tenant is not None:
        rows = rows.filter(tenant=chosen_tenant(tenant))
    if slugs:
        found = set(rows.filter(slug__in=slugs).values_list("slug", flat=True))
        unknown = [repr(slug[:200]) for slug in slugs if slug not in found]
        if unknown:
            raise CommandError(f"There is no identity provider {', '.join(unknown)}.")
        rows = rows.filter(slug__in=slugs)
    return rows
