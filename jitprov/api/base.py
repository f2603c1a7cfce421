"""The base class of all views of the API."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar
from urllib.parse import quote

from django.db.models import Model, QuerySet
from django.http import Http404
from django.utils.http import parse_etags
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from rest_framework.exceptions import ParseError
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.status import HTTP_200_OK, HTTP_201_CREATED, HTTP_300_MULTIPLE_CHOICES
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from jitprov.api import errors
from jitprov.api.fields import Shape
from jitprov.api.parsers import BoundedJsonParser
from jitprov.api.throttling import CostlyThrottle, OrdinaryThrottle
from jitprov.conf import conf
from jitprov.configuration.editing import locked, unchanged_since, version_of
from jitprov.configuration.limits import count_costly
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, Via
from jitprov.provisioning.parameters import UNSTORABLE
from jitprov.scope import Scope, scope_of

M = TypeVar("M", bound=Model)


class ApiView(APIView):
    """A view that takes and returns JSON, limited to the scope of the user whom the host's permission class admits."""

    schema = AutoSchema()
    parser_classes = [BoundedJsonParser]
    renderer_classes = [JSONRenderer]
    metadata_class = None
    costly: tuple[str, ...] = ()
    """Methods that are counted by :mod:`jitprov.configuration.limits`, and limited by :class:`CostlyThrottle`."""
    versioned: Collection[str] = ()
    """The kinds of configuration that the view shows and changes. Its answers then have their version as an ``ETag``."""
    _version = ""
    _is_counted = False

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

    def finalize_response(
        self, request: Request, response: Response, *args: Any, **kwargs: Any
    ) -> Response:
        """Let nobody on the way keep an answer: all of it is one tenant's, and much of it personal."""
        answer: Response = super().finalize_response(request, response, *args, **kwargs)
        answer.headers["Cache-Control"] = "no-store"
        if self._version and answer.status_code < HTTP_300_MULTIPLE_CHOICES:
            answer.headers["ETag"] = f'"{self._version}"'
        return answer

    # The user

    @property
    def scope(self) -> Scope:
        """Return the scope of the user."""
        return scope_of(self.request.user)

    @property
    def actor(self) -> Actor:
        """Return the user as the record of changes names them."""
        return Actor.person(self.request.user, Via.API)

    # The rows

    def visible(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Return the rows in the scope of the user."""
        return self.scope.limit(rows)

    def get_row(self, rows: QuerySet[M], **lookup: Any) -> M:
        """Return one row in the scope of the user.

        :raises Http404: there is no such row in the scope.
        """
        row = self.visible(rows).filter(**lookup).first()
        if row is None:
            raise Http404
        self.check_object_permissions(self.request, row)
        return row

    def identity_provider(self, slug: str) -> IdentityProvider:
        """Return the identity provider of the URL. A costly request is counted for it, once."""
        row = self.get_row(IdentityProvider.objects.select_related("tenant"), slug=slug)
        if self.request.method in self.costly and not self._is_counted:
            # Only now, so that nobody uses up what the administrators of another tenant may ask for.
            self._is_counted = True
            count_costly(row, self.actor)
        return row

    # Versions

    def seen(self, row: IdentityProvider) -> IdentityProvider:
        """Note the version before the row is read for an answer, so that the answer is never older than its version."""
        self._version = version_of(row, self.versioned)
        return row

    @contextmanager
    def changing(self, row: IdentityProvider) -> Iterator[None]:
        """Change the row in the block, unless ``If-Match`` names another version than there is now (RFC 9110, 13.1.1).

        :raises Outdated: it does; nothing was changed.
        """
        asked = parse_etags(self.request.headers.get("If-Match", "*"))
        versions = [tag.strip('"') for tag in asked if not tag.startswith("W/")]
        with locked(row) if "*" in asked else unchanged_since(row, self.versioned, versions):
            yield
            if row.pk is not None:
                self.seen(row)

    # Request and response

    def body(self, shape: type[Shape], **context: Any) -> Any:
        """Return the validated body of the request.

        :param context: what the serializer judges by.
        """
        partial = self.request.method == "PATCH"
        return _valid(shape(data=self.request.data, partial=partial, context=context))

    def query(self, shape: type[Shape]) -> Any:
        """Return the validated query parameters of the request."""
        return _valid(shape(data=self.request.query_params.dict()))

    def made(self, shape: type[BaseSerializer[Any]], about: Any, key: object) -> Response:
        """Return the response to a request that made something, with its address.

        :param key: what its address has behind that of the request.
        """
        response = self.respond(shape, about, HTTP_201_CREATED)
        response.headers["Location"] = f"{self.request.path}{quote(str(key))}/"
        return response

    def respond(
        self, shape: type[BaseSerializer[Any]], about: Any, status: int = HTTP_200_OK
    ) -> Response:
        """Return a response with this serializer."""
        return Response(shape(about, context={"request": self.request}).data, status=status)


class NoSuchPath(ApiView):
    """The answer to a path that there is not, in the shape of all errors."""

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        raise Http404


def _valid(shape: BaseSerializer[Any]) -> Any:
    shape.is_valid(raise_exception=True)
    return shape.validated_data


def number_of(text: str) -> int:
    """Return a primary key from a URL.

    :raises Http404: it is not a number that a primary key can be.
    """
    if not (text.isascii() and text.isdecimal() and len(text) <= 18):  # noqa: PLR2004 -- fits 64 bits
        raise Http404
    return int(text)
