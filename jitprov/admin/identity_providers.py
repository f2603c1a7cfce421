"""An identity provider with its certificates, mappings and domains."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.admin.scoped import ScopedAdmin, ScopedInline, ScopedRelatedFilter
from jitprov.models import (
    ClaimMapping,
    ConsumedAssertion,
    EmailDomain,
    GroupMapping,
    IdentityProvider,
    SigningCertificate,
)


class SigningCertificateFormSet(forms.BaseInlineFormSet):
    """Each certificate once; the database's constraint is on a column that no form has."""

    def clean(self) -> None:
        super().clean()
        seen: set[str] = set()
        for form in self.forms:
            fingerprint = "" if form in self.deleted_forms else form.instance.fingerprint
            if fingerprint in seen:
                form.add_error("pem", _("This certificate is there already."))
            elif fingerprint:
                seen.add(fingerprint)


class SigningCertificateInline(ScopedInline):
    """Whose signature counts."""

    model = SigningCertificate
    formset = SigningCertificateFormSet
    readonly_fields = ["fingerprint", "not_before", "not_after"]


class ClaimMappingInline(ScopedInline):
    """Claims into user fields."""

    model = ClaimMapping


class GroupMappingInline(ScopedInline):
    """Claim values into groups."""

    model = GroupMapping

    def get_autocomplete_fields(self, request: Any) -> list[str]:
        """Search groups by name where the host's admin has them; many hosts take them out."""
        return ["group"] if self.admin_site.is_registered(Group) else []


class EmailDomainForm(forms.ModelForm):
    """Makes domains comparable before they are compared with one another."""

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).lower()


class EmailDomainInline(ScopedInline):
    """Whose people are sent here."""

    model = EmailDomain
    form = EmailDomainForm


@admin.register(IdentityProvider)
class IdentityProviderAdmin(ScopedAdmin):
    """One tenant's SAML authority."""

    list_display = ["slug", "tenant", "preset", "enabled"]
    list_filter = ["enabled", "preset", ("tenant", ScopedRelatedFilter)]
    search_fields = ["slug", "entity_id"]
    list_select_related = ["tenant"]
    readonly_fields = ["unverified_refusals", "created_at", "updated_at"]
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    inlines = [SigningCertificateInline, ClaimMappingInline, GroupMappingInline, EmailDomainInline]

    def get_readonly_fields(self, request: Any, obj: IdentityProvider | None = None) -> Any:
        """Keep the slug of a row that is there: it stands in URLs that the identity provider has been given."""
        fields = super().get_readonly_fields(request, obj)
        return [*fields, "slug"] if obj else fields

    def get_deleted_objects(self, objs: Any, request: Any) -> Any:
        """Let used assertions, which nobody may delete by themselves, go with the row that they belong to."""
        deleted, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, forbidden - {ConsumedAssertion._meta.verbose_name}, protected
