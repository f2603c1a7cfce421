"""The screen of jitprov's own tenants, for hosts without a tenant model."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from jitprov.admin.scoped import SuperuserAdmin
from jitprov.conf import conf
from jitprov.journal.actors import Actor
from jitprov.journal.audit import recorded_many
from jitprov.models import ConsumedAssertion, IdentityProvider, SetupLink, Tenant


class TenantAdmin(SuperuserAdmin):
    """The tenants of jitprov's own model."""

    list_display = ["name", "slug"]
    search_fields = ["name", "slug"]

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """Allow deleting rows that nobody may delete by themselves, together with their tenant."""
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        parts = {model._meta.verbose_name for model in (ConsumedAssertion, SetupLink)}
        return deleted, counts, forbidden - parts, protected

    def delete_model(self, request: Any, obj: Tenant) -> None:
        with recorded_many(_identity_providers([obj]), Actor.person(request.user)):
            super().delete_model(request, obj)

    def delete_queryset(self, request: Any, queryset: QuerySet[Tenant]) -> None:
        with recorded_many(_identity_providers(queryset), Actor.person(request.user)):
            super().delete_queryset(request, queryset)


def _identity_providers(tenants: Iterable[Tenant]) -> list[IdentityProvider]:
    """Return the identity providers that are deleted with these tenants, for the record of changes."""
    return list(IdentityProvider.objects.filter(tenant__in=tenants))


if conf.TENANT_MODEL == "jitprov.Tenant":
    admin.site.register(Tenant, TenantAdmin)
