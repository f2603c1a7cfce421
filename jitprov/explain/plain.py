"""Convert explanations to JSON."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

_AS_IT_IS = (str, int, float, bool, type(None))


def as_json(value: Any) -> Any:
    """Return an explanation, or a part of one, as values that :func:`json.dumps` accepts."""
    if is_dataclass(value):
        return {field.name: as_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [as_json(item) for item in value]
    if isinstance(value, timedelta):
        return value.total_seconds()
    if isinstance(value, _AS_IT_IS):
        return value if type(value) in _AS_IT_IS else str(value)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
