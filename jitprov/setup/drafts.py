"""The form that adds an identity provider: a draft that is switched off and has the mappings of its preset."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.metadata.importing import free_slug
from jitprov.metadata.rows import preset_mappings
from jitprov.models import ClaimMapping, IdentityProvider, retired_elsewhere
from jitprov.provisioning.presets import Preset
from jitprov.scope import Scope

MAX_TENANTS = 100
"""Tenants in the list of choices; with more of them, the tenant has to be typed."""
MAX_SWITCHED_OFF = 50
"""Switched-off identity providers of one tenant; with that many, no draft is added."""


class DraftForm(forms.ModelForm):
    """The tenant, preset and slug of a new identity provider."""

    use_required_attribute = False

    class Meta:
        model = IdentityProvider
        fields = ("tenant", "preset", "slug")
        help_texts = {
            "preset": _(
                "It decides which claims are mapped to begin with. You can change that later."
            ),
            "slug": _(
                "Part of every address that you give to the identity provider, so it stays as it is. Leave it "
                "empty for one that is made from the tenant's name."
            ),
        }

    def __init__(self, data: Any = None, *, scope: Scope, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.fields["slug"].required = False
        kinds = [(one.value, one.details.label) for one in Preset if one is not Preset.NONE]
        unknown = (Preset.NONE.value, _("Another one, or recognise it from its metadata"))
        self.fields["preset"].choices = [*kinds, unknown]  # type: ignore[attr-defined]
        self._offer(scope)

    def _offer(self, scope: Scope) -> None:
        tenant: Any = self.fields["tenant"]
        tenant.queryset = scope.visible_tenants()
        few = list(tenant.queryset[: MAX_TENANTS + 1])
        if len(few) > MAX_TENANTS:
            _let_be_typed(tenant)
            return
        tenant.choices = [("", _("— choose —")), *((one.pk, str(one)) for one in few)]
        if len(few) == 1:
            self.initial.setdefault("tenant", few[0].pk)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("tenant") and not cleaned.get("slug") and "slug" not in self.errors:
            cleaned["slug"] = free_slug(cleaned["tenant"])
        if cleaned.get("slug") and cleaned.get("tenant"):
            self._require_own(cleaned["slug"], cleaned["tenant"])
        if cleaned.get("tenant"):
            self._require_room(cleaned["tenant"])
        # It is enabled only after somebody has entered the identity provider's metadata and tested the sign-in.
        self.instance.enabled = False
        return cleaned

    def _require_own(self, slug: str, tenant: Any) -> None:
        if retired_elsewhere([slug], tenant.pk):
            message = _(
                "This was another customer's, whose identity provider may still trust it. Choose another."
            )
            self.add_error("slug", message)

    def _require_room(self, tenant: Any) -> None:
        switched_off = IdentityProvider.objects.filter(tenant=tenant, enabled=False)
        if switched_off.count() >= MAX_SWITCHED_OFF:
            message = _(
                "There are %(count)s identity providers that are switched off already. Remove one first."
            )
            self.add_error("tenant", message % {"count": MAX_SWITCHED_OFF})

    def save_draft(self, actor: Actor) -> IdentityProvider:
        """Save the row with the mappings of its preset, and record it."""
        row: IdentityProvider = self.instance
        row.subject_claim = Preset(row.preset).details.subject_claim
        with audit.recorded(row, actor):
            row.save()
            # Without a preset there are no mappings yet: the import of its metadata may recognise the preset and make them.
            if row.preset != Preset.NONE:
                ClaimMapping.objects.bulk_create(preset_mappings(row))
        return row


def _let_be_typed(tenant: Any) -> None:
    """Make the tenant a text field: by the host's look-up field if that is unique, otherwise by the primary key."""
    name = conf.TENANT_LOOKUP_FIELD
    columns = {one.name: one for one in tenant.queryset.model._meta.concrete_fields}
    column = columns.get(name)
    by_name = column is not None and column.unique
    tenant.widget = forms.TextInput()
    tenant.to_field_name = name if by_name else None
    named = column.verbose_name if column is not None and by_name else _("primary key")
    tenant.help_text = _("There are many: type its %(field)s.") % {"field": named}
