"""An identity provider with its certificates, mappings and domains."""

from __future__ import annotations

from typing import Any

from django.contrib import admin

from jitprov.models import (
    ClaimMapping,
    EmailDomain,
    GroupMapping,
    IdentityProvider,
    SigningCertificate,
)


class SigningCertificateInline(admin.TabularInline):
    """Whose signature counts."""

    model = SigningCertificate
    extra = 0
    readonly_fields = ["fingerprint", "not_before", "not_after"]


class ClaimMappingInline(admin.TabularInline):
    """Claims into user fields."""

    model = ClaimMapping
    extra = 0


class GroupMappingInline(admin.TabularInline):
    """Claim values into groups."""

    model = GroupMapping
    extra = 0
    autocomplete_fields = ["group"]


class EmailDomainInline(admin.TabularInline):
    """Whose people are sent here."""

    model = EmailDomain
    extra = 0


@admin.register(IdentityProvider)
class IdentityProviderAdmin(admin.ModelAdmin):
    """One tenant's SAML authority."""

    list_display = ["slug", "tenant", "preset", "enabled"]
    list_filter = ["enabled", "preset"]
    search_fields = ["slug", "entity_id"]
    list_select_related = ["tenant"]
    readonly_fields = ["unverified_refusals", "created_at", "updated_at"]
    inlines = [SigningCertificateInline, ClaimMappingInline, GroupMappingInline, EmailDomainInline]

    def get_readonly_fields(self, request: Any, obj: IdentityProvider | None = None) -> Any:
        """Keep the slug of a row that is there: it stands in URLs that the identity provider has been given."""
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "slug"] if obj else fields
