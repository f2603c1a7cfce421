"""Serializers that are made from frozen dataclasses, so that both have the same fields."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from django.utils.functional import Promise
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

Shape = type[serializers.Serializer[Any]]


class Words(serializers.CharField):
    """A text in the language of the request."""

    def to_representation(self, value: Any) -> str:
        return str(value)


@extend_schema_field({"type": "number", "description": "Seconds."})
class Seconds(serializers.Field[Any, Any, Any, Any]):
    """A length of time."""

    def to_representation(self, value: timedelta) -> float:
        return value.total_seconds()


@extend_schema_field({"type": ["string", "number", "boolean", "null"]})
class Plain(serializers.Field[Any, Any, Any, Any]):
    """A value as JSON has it."""

    def to_representation(self, value: Any) -> Any:
        return value if isinstance(value, str | int | float | bool | None) else str(value)


_FIELDS: dict[Any, Callable[..., serializers.Field[Any, Any, Any, Any]]] = {
    str: Words,
    int: serializers.IntegerField,
    bool: serializers.BooleanField,
    float: serializers.FloatField,
    datetime: serializers.DateTimeField,
    date: serializers.DateField,
    timedelta: Seconds,
}


@cache
def shape_of(told: type) -> Shape:
    """Return the serializer of a dataclass. Texts that are translated become strings."""
    hints = get_type_hints(told)
    members = {one.name: _field(hints[one.name]) for one in fields(told)}
    return type(told.__name__, (serializers.Serializer,), {"__doc__": told.__doc__, **members})


def _field(hint: Any, **options: Any) -> Any:
    if get_origin(hint) in (Union, UnionType):
        return _one_of(get_args(hint))
    if get_origin(hint) is tuple:
        return _several(get_args(hint), **options)
    if is_dataclass(hint) and isinstance(hint, type):
        return shape_of(hint)(**options)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return serializers.ChoiceField(choices=[one.value for one in hint], **options)
    return _FIELDS.get(hint, Plain)(**options)


def _one_of(hints: tuple[Any, ...]) -> Any:
    some = [hint for hint in hints if hint is not NoneType]
    options: dict[str, Any] = {"allow_null": True} if len(some) < len(hints) else {}
    if set(some) == {str, Promise}:
        return Words(**options)
    return _field(some[0], **options) if len(some) == 1 else Plain(**options)


def _several(hints: tuple[Any, ...], **options: Any) -> Any:
    item = hints[0]
    if is_dataclass(item) and isinstance(item, type):
        return shape_of(item)(many=True, **options)
    return serializers.ListField(child=_field(item), **options)
