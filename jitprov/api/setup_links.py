"""The views and serializers of setup links, for superusers and users with the permission to add them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_201_CREATED

from jitprov.api.base import ApiView, number_of
from jitprov.api.fields import Number, Shape, Text
from jitprov.api.idempotency import made_once
from jitprov.api.openapi import described, problems
from jitprov.api.paging import Paging, page, page_of
from jitprov.configuration import setup_links
from jitprov.configuration.setup_links import LIFETIME, MAX_LIFETIME, LinkRefused
from jitprov.models import IdentityProvider, SetupLink

MAY_MAKE = "jitprov.add_setuplink"
"""Django's own permission, which superusers have too."""


class Link(serializers.Serializer[SetupLink]):
    """A setup link, without what opens it."""

    id = serializers.IntegerField()
    recipient = serializers.CharField(allow_blank=True)
    works = serializers.BooleanField()
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True)


class MadeLink(Link):
    """A setup link that was just made."""

    url = serializers.SerializerMethodField()

    @extend_schema_field(
        serializers.CharField(
            allow_null=True,
            help_text="Shown this once, and kept nowhere: null when the request is repeated.",
        )
    )
    def get_url(self, link: SetupLink) -> str | None:
        return self.context.get("url")


class NewLink(Shape):
    """A setup link to be."""

    recipient = Text(
        max_length=200, allow_blank=True, default="", help_text="Only so that you know it again."
    )
    days = Number(min_value=1, max_value=MAX_LIFETIME.days, default=LIFETIME.days)


@method_decorator(sensitive_variables(), name="dispatch")
class _LinksView(ApiView):
    def require_permission(self) -> None:
        """Refuse users who may not make links. Called after the look-up, so that rows outside the scope answer 404."""
        if not self.request.user.has_perm(MAY_MAKE):
            raise PermissionDenied


class SetupLinksView(_LinksView):
    """Setup links of an identity provider."""

    costly = ("POST",)

    @described(
        operation_id="setup_links_list",
        summary="List setup links, the newest first",
        parameters=[Paging],
        responses={200: page_of(Link), **problems(400, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = self.query(Paging)
        row = self.identity_provider(slug)
        self.require_permission()
        rows = SetupLink.objects.filter(identity_provider=row)
        return self.respond(page_of(Link), page(rows, asked, "-pk"))

    @described(
        repeatable=True,
        operation_id="setup_links_make",
        summary="Make a setup link",
        request=NewLink,
        responses={201: MadeLink, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        self.require_permission()
        sent = self.body(NewLink)
        context: dict[str, str] = {}

        def make() -> SetupLink:
            link, context["url"] = self._made(row, sent)
            return link

        link = made_once(request, SetupLink.objects.filter(identity_provider=row), make)
        return Response(MadeLink(link, context=context).data, HTTP_201_CREATED)

    def _made(self, row: IdentityProvider, sent: dict[str, Any]) -> tuple[SetupLink, str]:
        lifetime = timedelta(days=sent["days"])
        try:
            return setup_links.make(
                row, actor=self.actor, recipient=sent["recipient"], lifetime=lifetime
            )
        except LinkRefused as error:
            raise ValidationError([ErrorDetail(str(error), "too_many")]) from error


class RevokeView(_LinksView):
    """Let a setup link open nothing any more."""

    @described(
        operation_id="setup_links_revoke",
        summary="Let a setup link open nothing any more",
        request=None,
        responses={200: Link, **problems(404)},
    )
    def post(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        rows = SetupLink.objects.select_related("identity_provider")
        link = self.get_row(rows, identity_provider__slug=slug, pk=number_of(id))
        self.require_permission()
        setup_links.revoke(link, self.actor)
        return self.respond(Link, link)
