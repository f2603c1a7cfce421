"""Serializer fields that accept only their own type: a text is not a number, and 1 is not true."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError


class Text(serializers.CharField):
    """A text."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Line(Text):
    """A text of one line."""

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if len(text.splitlines()) > 1:
            self.fail("invalid")
        return text


class Flag(serializers.BooleanField):
    """True or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class Number(serializers.IntegerField):
    """A whole number."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return data


class Choice(serializers.ChoiceField):
    """One of several texts."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class Shape(serializers.Serializer[Any]):
    """What is sent to us. What it does not know is refused: a typing error must not pass for a wish."""

    only_read: Collection[str] = ()
    """What answers have besides. A request may repeat it, so that what was read can be sent back; it changes nothing."""

    def to_internal_value(self, data: Any) -> Any:
        known = {*self.fields, *self.only_read}
        unknown = set(data) - known if isinstance(data, dict) else ()
        if unknown:
            problem = ErrorDetail(_("There is no such field."), "unknown")
            raise ValidationError({str(name)[:100]: [problem] for name in sorted(unknown)})
        return super().to_internal_value(data)
