"""What came of every attempt, and which assertions are used up. To be read, not written."""

from __future__ import annotations

from django.contrib import admin

from jitprov.admin.scoped import ReadOnlyAdmin, ScopedRelatedFilter, SuperuserAdmin
from jitprov.models import ConsumedAssertion, ProvisioningEvent


@admin.register(ProvisioningEvent)
class ProvisioningEventAdmin(ReadOnlyAdmin):
    """Attempts, newest first."""

    list_display = ["created_at", "reference", "outcome", "reason", "identity_provider", "user"]
    # No date_hierarchy: MariaDB cannot group by day before somebody loads its time-zone tables.
    list_filter = [
        "outcome",
        "reason",
        "verified",
        ("created_at", admin.DateFieldListFilter),
        ("tenant", ScopedRelatedFilter),
        ("identity_provider", ScopedRelatedFilter),
    ]
    search_fields = ["reference", "identity_provider__slug"]
    list_select_related = ["identity_provider", "user"]


@admin.register(ConsumedAssertion)
class ConsumedAssertionAdmin(ReadOnlyAdmin, SuperuserAdmin):
    """Used assertions, by digest."""

    list_display = ["assertion_digest", "identity_provider", "expires_at"]
    list_select_related = ["identity_provider"]
