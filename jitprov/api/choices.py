"""The view and serializers of the choices of a mapping: user fields, transforms, groups and suggested claims."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.openapi import described, problems
from jitprov.host.provisioner import provisioner_for
from jitprov.host.tenant_fields import fields_of
from jitprov.models import IdentityProvider
from jitprov.provisioning.parameters import Kind, Parameter
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.setup.claim_list import suggested_claims

MAX_GROUPS = 1000


class UserFieldChoice(serializers.Serializer[Any]):
    """A user field that a mapping may write."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    kind = serializers.CharField(help_text="Django's name for it, such as `CharField`.")
    max_length = serializers.IntegerField(allow_null=True)


class ParameterChoice(serializers.Serializer[Any]):
    """A parameter of a transform."""

    name = serializers.CharField()
    kind = serializers.ChoiceField(choices=[kind.value for kind in Kind])
    required = serializers.BooleanField()  # type: ignore[assignment]
    default = serializers.JSONField()
    choices = serializers.ListField(child=serializers.CharField())


class TransformChoice(serializers.Serializer[Any]):
    """A step that a mapping may take."""

    name = serializers.CharField()
    summary = serializers.CharField()
    typed = serializers.BooleanField(help_text="Must be the last one.")
    makes_value = serializers.BooleanField(help_text="Needs no claim.")
    parameters = ParameterChoice(many=True)


class GroupChoice(serializers.Serializer[Any]):
    """A group that a mapping may give."""

    id = serializers.IntegerField()
    name = serializers.CharField()


class ClaimSuggestion(serializers.Serializer[Any]):
    """A claim that is likely to come, or that came."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    note = serializers.CharField(allow_blank=True)
    last_seen = serializers.DateField(
        allow_null=True, help_text="When it last came, if it ever did."
    )


class Choices(serializers.Serializer[Any]):
    """All that a form for mappings offers."""

    user_fields = UserFieldChoice(many=True)
    transforms = TransformChoice(many=True)
    groups = GroupChoice(many=True)
    claims = ClaimSuggestion(many=True)


class ChoicesView(ApiView):
    """What can be chosen."""

    @described(
        operation_id="identity_providers_choices",
        summary="What a form for mappings offers",
        responses={200: Choices, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        return self.respond(
            Choices,
            {
                "user_fields": list(_user_fields(row)),
                "transforms": list(_transforms()),
                "groups": provisioner_for(row).assignable_groups()[:MAX_GROUPS],
                "claims": list(_claims(row)),
            },
        )


def _user_fields(row: IdentityProvider) -> Iterator[dict[str, Any]]:
    for name, field in fields_of(row).items():
        yield {
            "name": name,
            "label": str(field.verbose_name),
            "kind": field.get_internal_type(),
            "max_length": getattr(field, "max_length", None),
        }


def _transforms() -> Iterator[dict[str, Any]]:
    for spec in TRANSFORMS.values():
        yield {
            "name": spec.name,
            "summary": spec.summary,
            "typed": spec.typed,
            "makes_value": spec.makes_value,
            "parameters": [_parameter(one) for one in spec.parameters],
        }


def _parameter(parameter: Parameter) -> dict[str, Any]:
    return {
        "name": parameter.name,
        "kind": parameter.kind.value,
        "required": parameter.required,
        "default": parameter.default,
        "choices": list(parameter.choices),
    }


def _claims(row: IdentityProvider) -> Iterator[dict[str, Any]]:
    for claim in suggested_claims(row):
        yield {
            "name": claim.name,
            "label": str(claim.label),
            "note": str(claim.note),
            "last_seen": claim.last_seen or None,
        }
