"""Filters that write claims on a page."""

from __future__ import annotations

from django import template

NOTHING = "\N{EN DASH}"

register = template.Library()


@register.filter
def short_claim(name: str) -> str:
    """Return the last part of a claim's name, which is often a long URI."""
    return name.rstrip("/").rpartition("/")[2]


@register.filter
def values(received: object) -> str:
    """Return one value or several values as text, or a dash for none."""
    if isinstance(received, list):
        return ", ".join(map(str, received)) or NOTHING
    return NOTHING if received is None or received == "" else str(received)
