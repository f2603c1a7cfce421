"""Paging by the last row of the page before, so that every page costs the same."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.core.exceptions import ValidationError as FieldError
from django.db import DataError
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

from jitprov.api.fields import Shape

DEFAULT_LIMIT, MAX_LIMIT = 50, 100


class Paging(Shape):
    """Which part of a list is asked for."""

    limit = serializers.IntegerField(
        min_value=1, max_value=MAX_LIMIT, default=DEFAULT_LIMIT, help_text="How many rows."
    )
    after = serializers.CharField(
        max_length=200, required=False, help_text="The `next` of the page before."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows, and where the next ones begin."""

    results: list[Any]
    next: str | None


@cache
def page_of(shape: type[serializers.Serializer[Any]]) -> type[serializers.Serializer[Any]]:
    """Return the serializer of a page of these rows."""
    return type(
        f"{shape.__name__}Page",
        (serializers.Serializer,),
        {
            "__module__": shape.__module__,
            "__doc__": "Some rows, and where the next ones begin.",
            "results": shape(many=True),
            "next": serializers.CharField(
                allow_null=True, help_text="Give it as `after`; null on the last page."
            ),
        },
    )


def page(rows: QuerySet[Any], asked: dict[str, Any], order: str) -> Page:
    """Return the page that the query asks for.

    :param order: a unique column, with ``-`` for descending.
    """
    column, limit = order.removeprefix("-"), asked["limit"]
    if "after" in asked:
        comparison = "lt" if order.startswith("-") else "gt"
        rows = _begun(rows, f"{column}__{comparison}", asked["after"])
    found = _read(rows.order_by(order)[: limit + 1])
    shown = found[:limit]
    last = str(getattr(shown[-1], column)) if len(found) > limit else None
    return Page(results=shown, next=last)


def _begun(rows: QuerySet[Any], lookup: str, after: str) -> QuerySet[Any]:
    try:
        return rows.filter(**{lookup: after})
    except (ValueError, FieldError, OverflowError) as error:
        raise _no_cursor() from error


def _read(rows: Iterable[Any]) -> list[Any]:
    try:
        return list(rows)
    except (DataError, OverflowError) as error:
        raise _no_cursor() from error


def _no_cursor() -> ValidationError:
    return ValidationError({"after": [ErrorDetail(_("There is no such page."), "invalid")]})
