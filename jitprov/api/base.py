"""What all views of the API have in common."""

from __future__ import annotations

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.status import HTTP_200_OK
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from jitprov.api import errors
from jitprov.api.fields import Shape
from jitprov.api.parsers import BoundedJsonParser
from jitprov.api.throttling import CostlyThrottle, OrdinaryThrottle
from jitprov.conf import conf
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, Via
from jitprov.provisioning.parameters import UNSTORABLE
from jitprov.scope import Scope, scope_of

M = TypeVar("M", bound=Model)


class ApiView(APIView):
    """JSON in, JSON out, for whom the host's permission class lets in, within the tenants that are theirs."""

    schema = AutoSchema()
    parser_classes = [BoundedJsonParser]
    renderer_classes = [JSONRenderer]
    metadata_class = None
    costly: tuple[str, ...] = ()
    """Methods that fewer requests are allowed of."""

    def get_permissions(self) -> Any:
        return [import_string(conf.API_PERMISSION)()]

    def get_throttles(self) -> list[BaseThrottle]:
        throttles: list[BaseThrottle] = [OrdinaryThrottle()]
        if self.request.method in self.costly:
            throttles.append(CostlyThrottle())
        return throttles

    def get_exception_handler(self) -> Any:
        return errors.answer

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if any(UNSTORABLE.search(str(value)) for value in kwargs.values()):
            raise Http404
        for name, values in request.query_params.lists():
            if any(UNSTORABLE.search(text) for text in (name, *values)):
                raise ParseError(_("The request has a character that cannot be stored."))

    # Who asks

    @property
    def scope(self) -> Scope:
        """The tenants of whoever asks."""
        return scope_of(self.request.user)

    @property
    def actor(self) -> Actor:
        """Whoever asks, as they are written down."""
        return Actor.person(self.request.user, Via.API)

    # What is meant

    def visible(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Return those of the rows that whoever asks may know of."""
        return self.scope.limit(rows)

    def found(self, rows: QuerySet[M], **lookup: Any) -> M:
        """Return the one row; what they may not know of is not there.

        :raises Http404: there is none.
        """
        row = self.visible(rows).filter(**lookup).first()
        if row is None:
            raise Http404
        self.check_object_permissions(self.request, row)
        return row

    def identity_provider(self, slug: str, *, locked: bool = False) -> IdentityProvider:
        """Return the identity provider of the URL.

        :param locked: in the caller's transaction, so that two changes come one after the other.
        """
        rows = IdentityProvider.objects.all()
        rows = rows.select_for_update() if locked else rows.select_related("tenant")
        return self.found(rows, slug=slug)

    # What is said

    def sent(self, shape: type[Shape]) -> Any:
        """Return what was sent, in this shape."""
        return _valid(shape(data=self.request.data, partial=self.request.method == "PATCH"))

    def asked(self, shape: type[Shape]) -> Any:
        """Return the parameters of the query, in this shape."""
        return _valid(shape(data=self.request.query_params.dict()))

    def said(
        self, shape: type[BaseSerializer[Any]], about: Any, status: int = HTTP_200_OK
    ) -> Response:
        """Answer in this shape."""
        return Response(shape(about, context={"request": self.request}).data, status=status)


def _valid(shape: BaseSerializer[Any]) -> Any:
    shape.is_valid(raise_exception=True)
    return shape.validated_data


def number_of(text: str) -> int:
    """Return a primary key of ours from a URL.

    :raises Http404: it cannot be one.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):  # noqa: PLR2004 -- fits 64 bits
        raise Http404
    return int(text)
