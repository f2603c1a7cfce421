"""The screen on which superusers make users administrators of tenants."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet

from jitprov.admin.scoped import ScopedRelatedFilter, SuperuserAdmin, is_searchable
from jitprov.journal.actors import Actor
from jitprov.journal.audit import record_administrator
from jitprov.models import Action, TenantAdministrator


@admin.register(TenantAdministrator)
class TenantAdministratorAdmin(SuperuserAdmin):
    """The administrators of tenants."""

    list_display = ["user", "tenant", "created_at", "created_by"]
    list_filter = [("tenant", ScopedRelatedFilter)]
    list_select_related = ["user", "tenant", "created_by"]
    readonly_fields = ["created_at", "created_by"]
    raw_id_fields = ["user", "tenant"]

    def get_search_fields(self, request: Any) -> Any:
        """Search by the field that the host's users sign in with."""
        users: Any = TenantAdministrator._meta.get_field("user").related_model
        return [f"user__{users.USERNAME_FIELD}"]

    def get_autocomplete_fields(self, request: Any) -> list[str]:
        """Return the fields that can be searched by name, where the host's admin can; the others take a primary key."""
        related = {name: TenantAdministrator._meta.get_field(name) for name in self.raw_id_fields}
        return [
            name
            for name, field in related.items()
            if is_searchable(self.admin_site, field.related_model)
        ]

    def save_model(self, request: Any, obj: TenantAdministrator, form: Any, change: bool) -> None:
        if change:
            # The user or tenant may differ now: record that one lost the right and another got it.
            _keep(request, self.model.objects.get(pk=obj.pk), Action.REMOVED)
        else:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)
        _keep(request, obj, Action.ADDED)

    def delete_model(self, request: Any, obj: TenantAdministrator) -> None:
        _keep(request, obj, Action.REMOVED)
        super().delete_model(request, obj)

    def delete_queryset(self, request: Any, queryset: QuerySet[TenantAdministrator]) -> None:
        for administrator in queryset.select_related("user"):
            _keep(request, administrator, Action.REMOVED)
        super().delete_queryset(request, queryset)


def _keep(request: Any, administrator: TenantAdministrator, action: Action) -> None:
    record_administrator(administrator, Actor.person(request.user), action)
