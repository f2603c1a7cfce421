"""The views and serializers of sign-in attempts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError as FieldError
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.dataclass_shapes import shape_of
from jitprov.api.openapi import described, problems
from jitprov.api.paging import Paging, page, page_of
from jitprov.api.tenants import tenant_named
from jitprov.explain import EventExplanation, explain_event
from jitprov.journal.observed_claims import email_digests
from jitprov.models import Outcome, ProvisioningEvent


class Event(serializers.Serializer[ProvisioningEvent]):
    """An attempt: codes and names, never what a claim said."""

    reference = serializers.CharField(help_text="What the person may quote.")
    created_at = serializers.DateTimeField()
    source = serializers.CharField()  # type: ignore[assignment]
    outcome = serializers.ChoiceField(choices=Outcome.choices)
    code = serializers.CharField(
        source="reason", allow_blank=True, help_text="Why not, if it was refused."
    )
    verified = serializers.BooleanField(help_text="The identity provider's signature was good.")
    identity_provider = serializers.SerializerMethodField()
    user = serializers.SerializerMethodField()
    changed_fields = serializers.ListField(child=serializers.CharField())
    notes = serializers.ListField(child=serializers.CharField())
    network = serializers.CharField(
        allow_blank=True, help_text="From where the browser came, such as 203.0.113.0/24."
    )
    duration_ms = serializers.IntegerField()

    @extend_schema_field(serializers.CharField(allow_null=True, help_text="Its slug."))
    def get_identity_provider(self, event: ProvisioningEvent) -> str | None:
        return event.identity_provider.slug if event.identity_provider else None

    @extend_schema_field(serializers.CharField(allow_null=True, help_text="The primary key."))
    def get_user(self, event: ProvisioningEvent) -> str | None:
        return None if event.user_id is None else str(event.user_id)


class EventDetail(Event):
    """An attempt, with why it came out like this and what to change where."""

    explanation = serializers.SerializerMethodField()

    @extend_schema_field(shape_of(EventExplanation))
    def get_explanation(self, event: ProvisioningEvent) -> Any:
        return shape_of(EventExplanation)(explain_event(event)).data


class EventQuery(Paging):
    """Which events are asked for."""

    reference = serializers.CharField(required=False, max_length=20)
    tenant = serializers.CharField(required=False, max_length=200, help_text="The key of a tenant.")
    identity_provider = serializers.CharField(required=False, max_length=100, help_text="A slug.")
    code = serializers.CharField(required=False, max_length=50)
    outcome = serializers.ChoiceField(required=False, choices=Outcome.choices)
    user = serializers.CharField(required=False, max_length=200, help_text="A primary key.")
    email = serializers.CharField(required=False, max_length=320)
    since = serializers.DateTimeField(required=False)
    until = serializers.DateTimeField(required=False)


_LOOKUPS = {
    "reference": "reference__iexact",
    "identity_provider": "identity_provider__slug",
    "code": "reason",
    "outcome": "outcome",
    "since": "created_at__gte",
    "until": "created_at__lt",
}


class EventsView(ApiView):
    """Attempts to sign in."""

    @described(
        operation_id="events_list",
        summary="List what came of attempts, the newest first",
        parameters=[EventQuery],
        responses={200: page_of(Event), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        asked = self.query(EventQuery)
        rows = self.visible(_events())
        if "tenant" in asked:
            rows = rows.filter(tenant=tenant_named(self.scope, asked["tenant"]))
        return self.respond(page_of(Event), page(_narrowed(rows, asked), asked, "-pk"))


class EventView(ApiView):
    """One attempt."""

    @described(
        operation_id="events_retrieve",
        summary="Why it came out like this",
        responses={200: EventDetail, **problems(404)},
    )
    def get(self, request: Request, reference: str) -> Response:
        return self.respond(EventDetail, self.get_row(_events(), reference=reference.upper()))


def _events() -> QuerySet[ProvisioningEvent]:
    rows = ProvisioningEvent.objects.select_related("identity_provider", "user")
    return rows.defer("claims")


def _narrowed(
    rows: QuerySet[ProvisioningEvent], asked: dict[str, Any]
) -> QuerySet[ProvisioningEvent]:
    lookups = {_LOOKUPS[name]: asked[name] for name in _LOOKUPS if name in asked}
    if "email" in asked:
        lookups["email_digest__in"] = email_digests(asked["email"])
    try:
        if "user" in asked:
            lookups["user"] = get_user_model()._meta.pk.clean(asked["user"], None)
    except FieldError:
        return rows.none()  # no user has such a primary key
    return rows.filter(**lookups)
