"""The serializers of identity providers."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from jitprov.api.attention import AttentionItem
from jitprov.api.fields import Choice, Flag, Number, Shape, Text
from jitprov.api.paging import Paging
from jitprov.api.proposed_trust import WaitingTrust
from jitprov.api.tenants import Tenant
from jitprov.configuration import enabling, trust
from jitprov.configuration.enabling import Missing, State
from jitprov.models import MAX_SESSION_HOURS, BindingChoice, IdentityProvider, UnsolicitedPolicy
from jitprov.provisioning.presets import Preset
from jitprov.provisioning.types import MAX_REFUSAL_TEXT
from jitprov.setup.our_values import ShownValue, our_values
from jitprov.status.attention import Attention, attention_for
from jitprov.words.guides import OurValue

PRESETS = [(preset.value, preset.details.label) for preset in Preset]
MAX_URL = 2048
MAX_TEXT = 4096


class Certificate(serializers.Serializer[Any]):
    """Whose signature counts."""

    fingerprint = serializers.CharField(help_text="SHA-256, in hexadecimal.")
    not_before = serializers.DateTimeField()
    not_after = serializers.DateTimeField()
    allow_expired = serializers.BooleanField()


class Value(serializers.Serializer[Any]):
    """A value of ours that the tenant's admin enters at their identity provider, and where."""

    value = serializers.ChoiceField(choices=[one.value for one in OurValue])
    label = serializers.CharField()  # type: ignore[assignment]
    content = serializers.CharField(allow_blank=True)
    path = serializers.ListField(
        child=serializers.CharField(), help_text="Menus, from the outermost."
    )
    field = serializers.CharField(allow_blank=True, help_text="What it is called there.")
    note = serializers.CharField(allow_blank=True)


class Missed(serializers.Serializer[Any]):
    """What is still to be done before people can sign in."""

    code = serializers.ChoiceField(choices=Missing.choices)
    message = serializers.CharField()


_GROUP = "The id of a group; see `choices`. Null for none."


class IdentityProviderSummary(serializers.Serializer[IdentityProvider]):
    """An identity provider in a list."""

    slug = serializers.CharField()
    tenant = Tenant()
    preset = serializers.ChoiceField(choices=PRESETS)
    entity_id = serializers.CharField(allow_blank=True)
    enabled = serializers.BooleanField()
    is_draft = serializers.BooleanField(help_text="Nobody knows yet where to send people.")
    tested_at = serializers.DateTimeField(
        allow_null=True, help_text="When a test sign-in last passed, with whatever configuration."
    )
    enabled_at = serializers.DateTimeField(allow_null=True)
    metadata_checked_at = serializers.DateTimeField(allow_null=True)
    metadata_error = serializers.CharField(allow_blank=True)
    created_at = serializers.DateTimeField()
    updated_at = serializers.DateTimeField()


class IdentityProviderDetail(IdentityProviderSummary):
    """An identity provider with everything that is configured, and how far it has come."""

    sso_url = serializers.CharField(allow_blank=True)
    sso_binding = serializers.ChoiceField(choices=BindingChoice.choices)
    slo_url = serializers.CharField(allow_blank=True)
    slo_binding = serializers.ChoiceField(choices=BindingChoice.choices)
    want_authn_requests_signed = serializers.BooleanField()
    metadata_url = serializers.CharField(allow_blank=True)
    subject_claim = serializers.CharField(allow_blank=True)
    sp_entity_id = serializers.CharField(allow_blank=True)
    sp_acs_url = serializers.CharField(allow_blank=True)
    create_users = serializers.BooleanField()
    link_existing_users = serializers.BooleanField()
    allow_privileged = serializers.BooleanField()
    everybody_group = serializers.IntegerField(
        source="everybody_group_id",
        allow_null=True,
        help_text="The id of the group that everybody is given.",
    )
    group_required_text = serializers.CharField(
        allow_blank=True, help_text="What people in none of the groups that may come in are told."
    )
    unsolicited = serializers.ChoiceField(choices=UnsolicitedPolicy.choices)
    follow_relay_state = serializers.BooleanField()
    session_hours = serializers.IntegerField(
        allow_null=True, help_text="After which people sign in again; null for no such end."
    )
    force_authn = serializers.BooleanField()
    name_id_format = serializers.CharField(allow_blank=True)
    authn_contexts = serializers.CharField(allow_blank=True)
    required_contexts = serializers.CharField(allow_blank=True)
    certificates = Certificate(many=True)
    email_domains = serializers.SerializerMethodField()
    proposed_trust = serializers.SerializerMethodField()
    state = serializers.SerializerMethodField()
    missing = serializers.SerializerMethodField()
    attention = serializers.SerializerMethodField()
    our_values = serializers.SerializerMethodField()

    def get_email_domains(self, row: IdentityProvider) -> list[str]:
        return sorted(one.domain for one in row.email_domains.all())

    @extend_schema_field(WaitingTrust(allow_null=True))
    def get_proposed_trust(self, row: IdentityProvider) -> Any:
        proposal = trust.proposal_of(row)
        return None if proposal is None else WaitingTrust(proposal).data

    @extend_schema_field(serializers.ChoiceField(choices=State.choices))
    def get_state(self, row: IdentityProvider) -> str:
        tested = Missing.TEST not in self._missing(row)
        needs_attention = bool(self._attention(row))
        return enabling.state_of(row, tested=tested, needs_attention=needs_attention).value

    @extend_schema_field(AttentionItem(many=True))
    def get_attention(self, row: IdentityProvider) -> Any:
        return AttentionItem(self._attention(row), many=True).data

    def _attention(self, row: IdentityProvider) -> list[Attention]:
        if not hasattr(self, "_noticed"):
            self._noticed = attention_for(row)
        return self._noticed

    @extend_schema_field(Missed(many=True))
    def get_missing(self, row: IdentityProvider) -> list[dict[str, str]]:
        return [{"code": one.value, "message": str(one.label)} for one in self._missing(row)]

    def _missing(self, row: IdentityProvider) -> list[Missing]:
        if not hasattr(self, "_still_missing"):
            self._still_missing = enabling.missing(row)
        return self._still_missing

    @extend_schema_field(Value(many=True))
    def get_our_values(self, row: IdentityProvider) -> list[dict[str, Any]]:
        return [_shown(value) for value in our_values(row)]


class IdentityProviderQuery(Paging):
    """Which identity providers are asked for."""

    tenant = serializers.CharField(required=False, max_length=200, help_text="The key of a tenant.")
    enabled = serializers.BooleanField(required=False, allow_null=True, default=None)
    search = serializers.CharField(
        required=False, max_length=200, help_text="A part of the slug or of the entity ID."
    )


class NewIdentityProvider(Shape):
    """A draft to begin with."""

    tenant = Text(max_length=200, help_text="The key of a tenant that you administer.")
    slug = Text(max_length=100, required=False, help_text="Stands in every URL; made if not given.")
    preset = Choice(choices=PRESETS, default=Preset.NONE.value)


class IdentityProviderChange(Shape):
    """What is to be different. What is not named stays as it is."""

    preset = Choice(choices=PRESETS, required=False)
    entity_id = Text(max_length=1024, required=False, allow_blank=True)
    sso_url = Text(max_length=MAX_URL, required=False, allow_blank=True)
    sso_binding = Choice(choices=BindingChoice.choices, required=False)
    slo_url = Text(max_length=MAX_URL, required=False, allow_blank=True)
    slo_binding = Choice(choices=BindingChoice.choices, required=False)
    want_authn_requests_signed = Flag(required=False)
    metadata_url = Text(max_length=MAX_URL, required=False, allow_blank=True)
    sp_entity_id = Text(max_length=1024, required=False, allow_blank=True)
    sp_acs_url = Text(max_length=MAX_URL, required=False, allow_blank=True)
    subject_claim = Text(max_length=512, required=False, allow_blank=True)
    create_users = Flag(required=False)
    link_existing_users = Flag(required=False, help_text="For superusers only.")
    allow_privileged = Flag(required=False, help_text="For superusers only.")
    everybody_group = Number(
        required=False, allow_null=True, min_value=1, max_value=2**53, help_text=_GROUP
    )
    group_required_text = Text(max_length=MAX_REFUSAL_TEXT, required=False, allow_blank=True)
    unsolicited = Choice(choices=UnsolicitedPolicy.choices, required=False)
    follow_relay_state = Flag(required=False)
    session_hours = Number(
        required=False, allow_null=True, min_value=1, max_value=MAX_SESSION_HOURS
    )
    force_authn = Flag(required=False)
    name_id_format = Text(max_length=255, required=False, allow_blank=True)
    authn_contexts = Text(max_length=MAX_TEXT, required=False, allow_blank=True)
    required_contexts = Text(max_length=MAX_TEXT, required=False, allow_blank=True)


_SETTABLE = frozenset(IdentityProviderChange().fields)


class WholeIdentityProvider(IdentityProviderChange):
    """All that can be set, as it was read and with what is to be different."""

    enabled = Flag(required=False, help_text="As it is; `enable/` and `disable/` change it.")
    only_read = frozenset(IdentityProviderDetail().fields) - _SETTABLE - {"enabled"}

    def get_fields(self) -> dict[str, Any]:
        found = super().get_fields()
        for name in _SETTABLE:
            found[name].required = True
        return found

    def validate_enabled(self, value: bool) -> bool:
        """Refuse what looks like switching it on or off, and would not do it."""
        if value != self.context["enabled"]:
            problem = _("Use enable/ or disable/ to change this.")
            raise ValidationError([ErrorDetail(problem, "only_read")])
        return value


class Enabling(Shape):
    """How an identity provider is enabled."""

    override = Flag(default=False, help_text="Without a passing test; for superusers only.")


def _shown(value: ShownValue) -> dict[str, Any]:
    place = value.place
    return {
        "value": value.kind.value,
        "label": str(value.label),
        "content": value.value,
        "path": [str(part) for part in place.path] if place else [],
        "field": str(place.field) if place else "",
        "note": str(place.note) if place else "",
    }
