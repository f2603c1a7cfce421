"""The serializer of what needs attention."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from jitprov.api.tenants import Tenant
from jitprov.status.attention import Attention
from jitprov.status.watched import Severity


class AttentionItem(serializers.Serializer[Any]):
    """Something about one identity provider that somebody should know."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=[one.value for one in Severity])
    tenant = Tenant()
    identity_provider = serializers.CharField(source="identity_provider.slug")
    text = serializers.CharField(help_text="What is wrong and what to do.")
    facts = serializers.SerializerMethodField()

    @extend_schema_field({"type": "object", "description": "What the text is made of."})
    def get_facts(self, item: Attention) -> Any:
        return item.as_json()["facts"]
