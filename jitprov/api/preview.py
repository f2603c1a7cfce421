"""The views and serializers of the preview and the review of a mapping, which write nothing."""

from __future__ import annotations

import json
from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.accounts import Rules
from jitprov.api.base import ApiView
from jitprov.api.dataclass_shapes import shape_of
from jitprov.api.errors import at_path
from jitprov.api.fields import Flag, Shape, Text
from jitprov.api.mapping_shapes import ListedClaimMapping, NewGroupMapping
from jitprov.api.openapi import described, problems
from jitprov.configuration import claim_mappings, group_mappings
from jitprov.configuration.claim_mappings import ClaimRow
from jitprov.configuration.group_mappings import MAX_GROUP_ROWS, GroupRow
from jitprov.mapping_review.preview import (
    FieldPreview,
    Origin,
    Point,
    PreviewInputRefused,
    Said,
    Verdict,
    pasted,
    preview,
    recent,
)
from jitprov.mapping_review.remark import Remark
from jitprov.mapping_review.review import review
from jitprov.models import IdentityProvider
from jitprov.provisioning.mapping import MAX_RULES
from jitprov.provisioning.types import ClaimRule, GroupRule
from jitprov.saml.envelope import MAX_ENCODED


class Claims(serializers.Field[Any, Any, Any, Any]):
    """What was said about somebody: each claim with its value or values."""

    def to_internal_value(self, data: Any) -> str:
        # The same code reads the claims that are pasted into the set-up page.
        return json.dumps(data)

    def to_representation(self, value: Any) -> Any:
        return value


_CLAIMS = {
    "type": "object",
    "additionalProperties": {
        "oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]
    },
}


class Proposal(Shape):
    """A mapping that is not saved, and whom to try it on. What is left out is as it is saved."""

    claim_mappings = serializers.ListField(
        child=ListedClaimMapping(), max_length=MAX_RULES, required=False
    )
    group_mappings = serializers.ListField(
        child=NewGroupMapping(), max_length=MAX_GROUP_ROWS, required=False
    )
    recent = Flag(default=True, help_text="Try it on those who came lately.")
    claims = extend_schema_field(_CLAIMS)(Claims)(required=False)
    saml_response = Text(
        required=False, max_length=MAX_ENCODED, help_text="As the browser posted it, or as XML."
    )


class PreviewedPerson(serializers.Serializer[Any]):
    """What would become of one person."""

    who = serializers.CharField(allow_blank=True)
    origin = serializers.ChoiceField(source="said.origin", choices=[one.value for one in Origin])
    proved = serializers.BooleanField(source="said.is_proved")
    at = serializers.DateTimeField(source="said.at", allow_null=True)
    reference = serializers.CharField(source="said.reference", allow_blank=True)
    decision = serializers.ChoiceField(choices=[one.value for one in Verdict])
    is_new = serializers.BooleanField()
    code = serializers.CharField(source="reason", allow_blank=True)
    happened = serializers.CharField(source="reason_text", allow_blank=True)
    fix = serializers.CharField(allow_blank=True)
    fields = shape_of(FieldPreview)(many=True)  # type: ignore[assignment]
    groups_joined = serializers.ListField(child=serializers.CharField())
    groups_left = serializers.ListField(child=serializers.CharField())
    groups_unmatched = serializers.ListField(
        child=serializers.CharField(), help_text="Values that came and that no group mapping has."
    )
    problems = shape_of(Point)(many=True)
    notes = shape_of(Point)(many=True)


class Previewed(serializers.Serializer[Any]):
    """What a mapping would do, person by person, and what there is to say about it."""

    people = PreviewedPerson(many=True)
    remarks = shape_of(Remark)(many=True)


class Review(serializers.Serializer[Any]):
    """What there is to say about a mapping, the gravest first."""

    remarks = shape_of(Remark)(many=True)


@method_decorator(sensitive_variables(), name="dispatch")
class PreviewView(ApiView):
    """A preview."""

    costly = ("POST",)

    @described(
        operation_id="identity_providers_preview",
        summary="What a mapping would do, before and after, for each person; nothing is written",
        request=Proposal,
        responses={200: Previewed, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        idp = self.identity_provider(slug)
        sent = self.body(Proposal)
        rules = _rules(idp, sent)
        people = [*_given(idp, sent), *(recent(idp) if sent["recent"] else ())]
        answer = {"people": preview(idp, rules, people), "remarks": review(idp, rules)}
        return self.respond(Previewed, answer)


@method_decorator(sensitive_variables(), name="dispatch")
class MappingReviewView(ApiView):
    """A review of the mapping that is saved."""

    @described(
        operation_id="identity_providers_mapping_review",
        summary="What contradicts itself, never does anything, or shuts people out",
        responses={200: Review, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        return self.respond(Review, {"remarks": review(self.identity_provider(slug))})


def _rules(idp: IdentityProvider, sent: dict[str, Any]) -> Rules | None:
    """Return the proposed mapping; ``None`` for the stored one."""
    if not {"claim_mappings", "group_mappings"} & set(sent):
        return None
    claims, groups = sent.get("claim_mappings"), sent.get("group_mappings")
    return Rules(
        claim_rules=idp.claim_rules() if claims is None else _claim_rules(idp, claims),
        group_rules=idp.group_rules() if groups is None else _group_rules(idp, groups),
    )


def _claim_rules(idp: IdentityProvider, sent: list[dict[str, Any]]) -> tuple[ClaimRule, ...]:
    with at_path("claim_mappings"):
        rows = claim_mappings.judged(idp, [ClaimRow(**one) for one in sent])
    return tuple(row.as_rule() for row in rows)


def _group_rules(idp: IdentityProvider, sent: list[dict[str, Any]]) -> tuple[GroupRule, ...]:
    with at_path("group_mappings"):
        rows = group_mappings.judged(idp, [GroupRow(**one) for one in sent])
    return tuple(row.as_rule() for row in rows)


def _given(idp: IdentityProvider, sent: dict[str, Any]) -> list[Said]:
    found = []
    for name in ("claims", "saml_response"):
        if name in sent:
            try:
                found.append(pasted(idp, sent[name]))
            except PreviewInputRefused as error:
                code = error.cause or error.code
                problem = ErrorDetail(str(error.problem), code)
                raise ValidationError({name: [problem]}) from error
    return found
