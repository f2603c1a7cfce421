"""People as identity providers know them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from jitprov.admin.scoped import ScopedAdmin, ScopedInline, ScopedRelatedFilter
from jitprov.models import ExternalIdentity, GrantedGroup


class GrantedGroupInline(ScopedInline):
    """Which memberships come from the identity provider."""

    model = GrantedGroup
    can_delete = False
    readonly_fields = ["group"]
    max_num = 0

    def get_queryset(self, request: Any) -> Any:
        return super().get_queryset(request).select_related("group")


@admin.register(ExternalIdentity)
class ExternalIdentityAdmin(ScopedAdmin):
    """Who is who; only ``active`` may be changed by hand."""

    list_display = ["external_id", "identity_provider", "user", "active", "created_at"]
    list_filter = ["active", ("identity_provider", ScopedRelatedFilter)]
    search_fields = ["external_id", "identity_provider__slug"]
    list_select_related = ["identity_provider", "user"]
    readonly_fields = ["identity_provider", "external_id", "user", "created_at"]
    inlines = [GrantedGroupInline]

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        """Identities come from identity providers."""
        return False
