"""The serializers of claim and group mappings."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from jitprov.api.fields import Choice, Flag, Line, Number, Shape, Text
from jitprov.configuration.group_mappings import MAX_GROUP_ROWS
from jitprov.models import ClaimMapping, GroupMapping
from jitprov.provisioning.mapping import MAX_RULES, MAX_SOURCES
from jitprov.provisioning.parameters import (
    MAX_INTEGER,
    MAX_TABLE_ENTRIES,
    MAX_TEXT_LENGTH,
    MAX_TEXTS,
    Kind,
    Parameter,
)
from jitprov.provisioning.steps import MAX_TRANSFORMS
from jitprov.provisioning.transform_spec import TransformSpec
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.provisioning.types import SyncMode, WhenEmpty, WhenInvalid

MAX_NAME = 512
SYNC = [mode.value for mode in SyncMode]
WHEN_EMPTY = [one.value for one in WhenEmpty]
WHEN_INVALID = [one.value for one in WhenInvalid]

_ADMITS = "Where any row says so, nobody comes in who matches none of those rows."
_WHEN_INVALID = (
    "What a value does that the field does not accept. Of a required row it always refuses."
)
_TEXT: dict[str, Any] = {"type": "string", "maxLength": MAX_TEXT_LENGTH}
_KINDS: dict[Kind, dict[str, Any]] = {
    Kind.TEXT: _TEXT,
    Kind.TEXTS: {"type": "array", "items": _TEXT, "maxItems": MAX_TEXTS},
    Kind.TABLE: {
        "type": "object",
        "additionalProperties": _TEXT,
        "maxProperties": MAX_TABLE_ENTRIES,
    },
    Kind.INTEGER: {"type": "integer", "minimum": 0, "maximum": MAX_INTEGER},
}


def _parameter(parameter: Parameter) -> dict[str, Any]:
    if parameter.kind is Kind.CHOICE:
        return {"type": "string", "enum": list(parameter.choices)}
    return _KINDS[parameter.kind]


def _step(spec: TransformSpec) -> dict[str, Any]:
    return {
        "type": "object",
        "title": spec.name,
        "description": spec.summary,
        "properties": {
            "name": {"type": "string", "enum": [spec.name]},
            **{one.name: _parameter(one) for one in spec.parameters},
        },
        "required": ["name", *(one.name for one in spec.parameters if one.required)],
        "additionalProperties": False,
    }


@extend_schema_field(
    {
        "type": "array",
        "items": {"oneOf": [_step(spec) for spec in TRANSFORMS.values()]},
        "maxItems": MAX_TRANSFORMS,
        "description": "Steps, in order, each with its name and parameters.",
    }
)
class Transforms(serializers.JSONField):
    """Steps of a mapping. What is wrong with them is said by the mapping itself, which knows its transforms."""


def _no_steps() -> Any:
    return []


class ClaimMappingRow(serializers.Serializer[ClaimMapping]):
    """Claims in, one user field out."""

    id = serializers.IntegerField()
    position = serializers.IntegerField()
    sources = serializers.SerializerMethodField(
        help_text="Claims; the first that has a value is used."
    )
    target = serializers.CharField(help_text="A user field; see `choices`.")
    transforms = Transforms()
    sync = serializers.ChoiceField(choices=SYNC)
    required = serializers.BooleanField()  # type: ignore[assignment]
    when_empty = serializers.ChoiceField(choices=WHEN_EMPTY)
    when_invalid = serializers.ChoiceField(choices=WHEN_INVALID, help_text=_WHEN_INVALID)

    def get_sources(self, row: ClaimMapping) -> list[str]:
        return list(row.claims)


class ClaimMappingRows(serializers.Serializer[Any]):
    """All claim mappings of an identity provider, in order."""

    results = ClaimMappingRow(many=True)


class NewClaimMapping(Shape):
    """A claim mapping to be."""

    position = Number(min_value=0, max_value=1000, required=False)
    sources = serializers.ListField(
        child=Line(max_length=MAX_NAME), max_length=MAX_SOURCES, default=list
    )
    target = Text(max_length=100)
    transforms = Transforms(default=_no_steps)
    sync = Choice(choices=SYNC, default=SyncMode.ALWAYS.value)
    required = Flag(default=False)  # type: ignore[assignment]
    when_empty = Choice(choices=WHEN_EMPTY, default=WhenEmpty.KEEP.value)
    when_invalid = Choice(
        choices=WHEN_INVALID, default=WhenInvalid.KEEP.value, help_text=_WHEN_INVALID
    )
    only_read: Collection[str] = ("id",)


class ListedClaimMapping(NewClaimMapping):
    """A claim mapping in a whole list, whose place in the list is its position."""

    position = None  # type: ignore[assignment]
    only_read = ("id", "position")


class ClaimMappingList(Shape):
    """All that there is to be."""

    results = serializers.ListField(child=ListedClaimMapping(), max_length=MAX_RULES)


class GroupMappingRow(serializers.Serializer[GroupMapping]):
    """Who has this value in this claim belongs to this group."""

    id = serializers.IntegerField()
    claim = serializers.CharField()
    value = serializers.CharField()
    name = serializers.CharField(allow_blank=True)
    transforms = Transforms()
    group = serializers.IntegerField(
        source="group_id", allow_null=True, help_text="The id of a group; see `choices`."
    )
    group_name = serializers.CharField(source="group.name", allow_null=True, default=None)
    admits = serializers.BooleanField(help_text=_ADMITS)


class NewGroupMapping(Shape):
    """A group mapping to be."""

    claim = Text(max_length=MAX_NAME)
    value = Text(max_length=MAX_NAME)
    name = Text(max_length=200, allow_blank=True, default="")
    transforms = Transforms(default=_no_steps)
    group = Number(min_value=1, max_value=2**53, required=False, allow_null=True, default=None)
    admits = Flag(default=False, help_text=_ADMITS)
    only_read = ("id", "group_name")


class GroupMappingList(Shape):
    """All that there is to be."""

    results = serializers.ListField(child=NewGroupMapping(), max_length=MAX_GROUP_ROWS)
    next = Text(
        required=False,
        allow_null=True,
        max_length=200,
        help_text="Null, as on the last page: a page that others follow is not the whole list.",
    )

    def validate_next(self, value: str | None) -> None:
        """Refuse a page that was read and is sent back as if it were all: the other rows would be removed."""
        if value is not None:
            problem = _("This is one page of the list. Send all rows.")
            raise ValidationError([ErrorDetail(problem, "incomplete")])
