"""The view and serializers of what needs attention and of the sign-ins of each day."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.attention import AttentionItem
from jitprov.api.base import ApiView
from jitprov.api.dataclass_shapes import shape_of
from jitprov.api.fields import Shape
from jitprov.api.openapi import described, problems
from jitprov.api.tenants import tenant_named
from jitprov.models import IdentityProvider, ProvisioningEvent
from jitprov.status.attention import MAX_DAYS, MAX_SHOWN, Overview, overview, summary
from jitprov.status.chart import Day


class Status(serializers.Serializer[Any]):
    """What needs attention, the worst first, and the sign-ins of each day."""

    attention = serializers.SerializerMethodField()
    total = serializers.IntegerField(
        source="overview.total", help_text=f"How much there is; at most {MAX_SHOWN} are listed."
    )
    days = shape_of(Day)(many=True)

    @extend_schema_field(AttentionItem(many=True))
    def get_attention(self, found: dict[str, Any]) -> Any:
        overview: Overview = found["overview"]
        items = [item for tenant in overview.tenants for item in tenant.items]
        return AttentionItem(items, many=True).data


class StatusQuery(Shape):
    """About what."""

    tenant = serializers.CharField(required=False, max_length=200, help_text="The key of a tenant.")
    days = serializers.IntegerField(min_value=1, max_value=MAX_DAYS, default=30)


class StatusView(ApiView):
    """What needs attention."""

    @described(
        operation_id="status_retrieve",
        summary="What needs attention, and how many signed in on each of the last days (UTC)",
        parameters=[StatusQuery],
        responses={200: Status, **problems(400)},
    )
    def get(self, request: Request) -> Response:
        asked = self.query(StatusQuery)
        rows = self.visible(IdentityProvider.objects.all())
        events = self.visible(ProvisioningEvent.objects.all())
        if "tenant" in asked:
            tenant = tenant_named(self.scope, asked["tenant"])
            rows, events = rows.filter(tenant=tenant), events.filter(tenant=tenant)
        return self.respond(
            Status,
            {
                "overview": overview(rows),
                "days": summary(events, days=asked["days"]),
            },
        )
