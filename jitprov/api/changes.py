"""The view and serializers of the changes of the configuration."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.openapi import described, problems
from jitprov.api.paging import Paging, page, page_of
from jitprov.models import Action, ConfigurationChange, Via


class Change(serializers.Serializer[ConfigurationChange]):
    """One thing that was added, changed or removed."""

    id = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    identity_provider = serializers.CharField(source="slug", allow_blank=True)
    actor = serializers.CharField()
    via = serializers.ChoiceField(choices=Via.choices)
    what = serializers.CharField()
    label = serializers.CharField(allow_blank=True)  # type: ignore[assignment]
    action = serializers.ChoiceField(choices=Action.choices)
    changes = serializers.SerializerMethodField()
    note = serializers.CharField(allow_blank=True)

    @extend_schema_field(
        {
            "type": "object",
            "additionalProperties": {"type": "array", "items": {}, "minItems": 2, "maxItems": 2},
            "description": "For each field, its value before and after.",
        }
    )
    def get_changes(self, change: ConfigurationChange) -> Any:
        return change.changes


class ChangeQuery(Paging):
    """Which changes are asked for."""

    identity_provider = serializers.CharField(required=False, max_length=100, help_text="A slug.")
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


class ChangesView(ApiView):
    """The record of changes."""

    @described(
        operation_id="changes_list",
        summary="List what was changed in the configuration, the newest first",
        parameters=[ChangeQuery],
        responses={200: page_of(Change), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        asked = self.query(ChangeQuery)
        lookups = {
            "slug": "identity_provider",
            "created_at__gte": "since",
            "created_at__lt": "until",
        }
        rows = self.visible(ConfigurationChange.objects.all()).filter(
            **{lookup: asked[name] for lookup, name in lookups.items() if name in asked}
        )
        return self.respond(page_of(Change), page(rows, asked, "-pk"))
