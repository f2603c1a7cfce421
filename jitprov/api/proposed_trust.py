"""The view and serializer of what waits for a test sign-in."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from jitprov.api.base import ApiView
from jitprov.api.openapi import described, problems
from jitprov.configuration import trust
from jitprov.models import ProposedTrust
from jitprov.saml.certificates import load_certificate


class WaitingTrust(serializers.Serializer[ProposedTrust]):
    """New trust that counts once a test sign-in has passed with it."""

    columns = serializers.DictField(
        child=serializers.CharField(allow_blank=True), help_text="New values, by field."
    )
    certificates = serializers.SerializerMethodField()
    unknown_people = serializers.SerializerMethodField()
    proposed_by = serializers.CharField()
    proposed_at = serializers.DateTimeField()

    @extend_schema_field(
        serializers.ListField(
            child=serializers.CharField(),
            help_text="Fingerprints (SHA-256). Each counts once it has signed a test.",
        )
    )
    def get_certificates(self, proposal: ProposedTrust) -> list[str]:
        return [
            load_certificate(one["pem"], allow_expired=True).fingerprint
            for one in proposal.certificates
        ]

    @extend_schema_field(
        serializers.IntegerField(help_text="People who would be new ones afterwards.")
    )
    def get_unknown_people(self, proposal: ProposedTrust) -> Any:
        return trust.unknown_people(proposal)


class ProposedTrustView(ApiView):
    """What waits for a test."""

    @described(
        operation_id="proposed_trust_withdraw",
        summary="Withdraw what waits for a test",
        responses={204: None, **problems(404)},
    )
    def delete(self, request: Request, slug: str) -> Response:
        trust.withdraw(self.identity_provider(slug), self.actor)
        return Response(status=HTTP_204_NO_CONTENT)
