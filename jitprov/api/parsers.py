"""A JSON parser that limits size, depth, numbers and characters."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import IO, Any

from django.utils.translation import gettext_lazy as _
from rest_framework.exceptions import APIException, ParseError
from rest_framework.parsers import BaseParser
from rest_framework.renderers import JSONRenderer
from rest_framework.status import HTTP_413_REQUEST_ENTITY_TOO_LARGE

from jitprov.provisioning.parameters import UNSTORABLE

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 12
MAX_NUMBER = 2**53
"""Larger numbers are not exact in every JSON reader."""


class TooLarge(APIException):
    """The body is larger than what is asked for could be."""

    status_code = HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = _("The request is too large.")


class BoundedJsonParser(BaseParser):
    """A parser that accepts ``application/json`` only."""

    media_type = "application/json"
    renderer_class = JSONRenderer
    limit = MAX_BYTES

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        body = stream.read(self.limit + 1)
        if len(body) > self.limit:
            raise TooLarge
        try:
            value = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
        except (ValueError, RecursionError) as error:
            raise ParseError(_("The request is not JSON in UTF-8.")) from error
        for part, depth in _parts(value):
            _check(part, depth)
        return value


class DocumentParser(BoundedJsonParser):
    """A parser that also accepts a metadata document, which is larger."""

    limit = 2 * MAX_BYTES


def _refuse_constant(name: str) -> None:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _parts(value: Any) -> Iterator[tuple[Any, int]]:
    """Yield each part of a value, keys too, with its depth. It does not recurse: the depth is not checked yet."""
    waiting = [(value, 1)]
    while waiting:
        part, depth = waiting.pop()
        yield part, depth
        if isinstance(part, dict):
            waiting.extend((one, depth + 1) for item in part.items() for one in item)
        elif isinstance(part, list):
            waiting.extend((one, depth + 1) for one in part)


def _check(part: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ParseError(_("The request is nested too deeply."))
    if isinstance(part, str) and UNSTORABLE.search(part):
        raise ParseError(_("The request has a character that cannot be stored."))
    if isinstance(part, int | float) and abs(part) > MAX_NUMBER:
        raise ParseError(_("The request has a number that is too large."))
