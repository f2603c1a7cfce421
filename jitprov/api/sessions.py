"""The views that end sessions and access: of one person, or sessions of everybody who came by an identity provider."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.errors import Conflict
from jitprov.api.fields import Line, Shape, Text
from jitprov.api.openapi import described, problems
from jitprov.configuration.enabling import (
    Done,
    end_access_for,
    end_sessions_for,
    end_sessions_for_everybody,
    give_access_back_to,
    set_leaving_date,
)
from jitprov.models import ExternalIdentity, IdentityProvider, digest
from jitprov.models.identities import MAX_REASON
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


class WhoReturns(Shape):
    """To whom access is given back, and why."""

    external_id = Text(max_length=MAX_EXTERNAL_ID, help_text="As the directory names the person.")
    reason = Line(
        max_length=MAX_REASON,
        required=False,
        allow_blank=True,
        default="",
        help_text="For those who look it up.",
    )


class WhoLeaves(WhoReturns):
    """Whose access is to end, why and when."""

    at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="The leaving date. Null for now."
    )

    def validate_at(self, at: Any) -> Any:
        """Refuse a date that has passed: who means now leaves it out."""
        if at is not None and at <= timezone.now():
            raise serializers.ValidationError(_("This date has passed."), code="in_the_past")
        return at


class PersonsAccess(serializers.Serializer[Any]):
    """Whether somebody may come in, and until when."""

    external_id = serializers.CharField()
    active = serializers.BooleanField(help_text="Whether the person may come in.")
    leaves_at = serializers.DateTimeField(allow_null=True, help_text="The leaving date.")
    ended_at = serializers.DateTimeField(allow_null=True, help_text="When access ended.")
    ended_by = serializers.CharField(help_text="The road by which it ended, or empty.")
    ended_reason = serializers.CharField()


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
        end_sessions_for(_known(row, external_id), self.actor)


class EndAccessView(ApiView):
    """Let a person in no more, from now on or from a date on."""

    @described(
        operation_id="identity_providers_end_access",
        summary="Let a person in no more",
        description=(
            "Their sessions by this identity provider end at their next request. An account that was made for them is "
            "switched off with it. To ask twice does no harm."
        ),
        request=WhoLeaves,
        responses={200: PersonsAccess, **problems(400, 404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        body = self.body(WhoLeaves)
        people = _known(row, body["external_id"])
        if body["at"] is not None:
            set_leaving_date(people, self.actor, body["at"])
        else:
            _refuse(end_access_for(people, self.actor, body["reason"]))
        return self.respond(PersonsAccess, people.get())


class GiveAccessBackView(ApiView):
    """Let a person in again."""

    @described(
        operation_id="identity_providers_give_access_back",
        summary="Let a person in again",
        description="The account is switched on if it was switched off with their access. Sessions stay ended.",
        request=WhoReturns,
        responses={200: PersonsAccess, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        body = self.body(WhoReturns)
        people = _known(row, body["external_id"])
        give_access_back_to(people, self.actor, body["reason"])
        return self.respond(PersonsAccess, people.get())


def _known(row: IdentityProvider, external_id: str) -> QuerySet[ExternalIdentity]:
    """Return the identity that a directory names so.

    :raises Http404: there is none.
    """
    people = ExternalIdentity.objects.filter(
        identity_provider=row, external_id_digest=digest(external_id)
    )
    if not people.exists():
        raise Http404
    return people


def _refuse(done: Done) -> None:
    """Say why the host keeps somebody, if it does.

    :raises Conflict: with the host's own code and text.
    """
    for _identity, error in done.refused:
        text = error.text or _("The application keeps this person.")
        raise Conflict(error.code, f"{text} {_('Reference')}: {error.reference}")
