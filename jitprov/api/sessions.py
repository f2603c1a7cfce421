"""The view that ends sessions: of one person, or of everybody who came by an identity provider."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.fields import Shape, Text
from jitprov.api.openapi import described, problems
from jitprov.configuration.enabling import end_sessions_for, end_sessions_for_everybody
from jitprov.models import ExternalIdentity, IdentityProvider, digest
from jitprov.provisioning.mapping import MAX_EXTERNAL_ID


class WhoseSessions(Shape):
    """Whose sessions are to end."""

    external_id = Text(
        max_length=MAX_EXTERNAL_ID,
        required=False,
        help_text="Of one person, as the directory names them. Left out: everybody's.",
    )


class EndedSessions(serializers.Serializer[Any]):
    """Whose sessions have ended."""

    external_id = serializers.CharField(allow_null=True, help_text="Null for everybody's.")


class EndSessionsView(ApiView):
    """Sign people out, at their next request."""

    @described(
        operation_id="identity_providers_end_sessions",
        summary="Sign people out who came by this identity provider",
        description="Nobody is switched off: who may sign in can do so again at once.",
        request=WhoseSessions,
        responses={200: EndedSessions, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        external_id = self.body(WhoseSessions).get("external_id")
        if external_id is None:
            end_sessions_for_everybody(IdentityProvider.objects.filter(pk=row.pk), self.actor)
        else:
            self._end_of(row, external_id)
        return self.respond(EndedSessions, {"external_id": external_id})

    def _end_of(self, row: IdentityProvider, external_id: str) -> None:
        people = ExternalIdentity.objects.filter(
            identity_provider=row, external_id_digest=digest(external_id)
        )
        if not end_sessions_for(people, self.actor):
            raise Http404
