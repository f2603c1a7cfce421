"""What came of every attempt, and which assertions are used up. To be read, not written."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from jitprov.models import ConsumedAssertion, ProvisioningEvent


class _ReadOnly:
    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: Any, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: Any, obj: Any = None) -> bool:
        return False


@admin.register(ProvisioningEvent)
class ProvisioningEventAdmin(_ReadOnly, admin.ModelAdmin):
    """Attempts, newest first."""

    list_display = ["created_at", "reference", "outcome", "reason", "identity_provider", "user"]
    # No date_hierarchy: MariaDB cannot group by day before somebody loads its time-zone tables.
    list_filter = ["outcome", "reason", "verified", ("created_at", admin.DateFieldListFilter)]
    search_fields = ["reference"]
    list_select_related = ["identity_provider", "user"]


@admin.register(ConsumedAssertion)
class ConsumedAssertionAdmin(_ReadOnly, admin.ModelAdmin):
    """Used assertions, by digest."""

    list_display = ["assertion_digest", "identity_provider", "expires_at"]
    list_select_related = ["identity_provider"]
