"""Name and describe the transforms and their parameters, as forms show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The name of a transform in a form, and one sentence on what it does."""

    label: Promise
    summary: Promise


TRANSFORM_WORDS: Mapping[str, Words] = MappingProxyType(
    {
        "strip": Words(label=_("Trim"), summary=_("Takes away white space around each value.")),
        "lower": Words(label=_("Lower case"), summary=_("Makes each value lower case.")),
        "upper": Words(label=_("Upper case"), summary=_("Makes each value upper case.")),
        "title": Words(
            label=_("Title case"),
            summary=_("Makes the first letter of each word upper case, the others lower case."),
        ),
        "split": Words(
            label=_("Split"),
            summary=_("Cuts each value at a separator; the parts become values."),
        ),
        "join": Words(
            label=_("Join"), summary=_("Makes one value of all, with a separator between them.")
        ),
        "first": Words(label=_("First value"), summary=_("Keeps the first value only.")),
        "last": Words(label=_("Last value"), summary=_("Keeps the last value only.")),
        "regex_extract": Words(
            label=_("Extract by pattern"),
            summary=_(
                "Searches each value for a regular expression and keeps a group of it: the first, or the "
                "whole match if it has none. Values that do not match are dropped."
            ),
        ),
        "replace": Words(
            label=_("Replace text"),
            summary=_("Replaces a text by another wherever it occurs in each value."),
        ),
        "table": Words(
            label=_("Look up in a table"),
            summary=_(
                "Looks each value up, exactly as it is written, and takes what stands beside it."
            ),
        ),
        "template": Words(
            label=_("Text with claims"),
            summary=_(
                "Makes one value from a text with claims in braces, like {givenname} {surname}; no value "
                "at all if one of the claims has none."
            ),
        ),
        "boolean": Words(
            label=_("Yes or no"),
            summary=_(
                "Reads the first value as true, 1, yes or false, 0, no. Must be the last step."
            ),
        ),
        "integer": Words(
            label=_("Whole number"),
            summary=_("Reads the first value as a whole number. Must be the last step."),
        ),
        "date": Words(
            label=_("Date"),
            summary=_(
                "Reads the first value as a date: like 2026-03-31, or by the first format that fits. Must be "
                "the last step."
            ),
        ),
        "constant": Words(
            label=_("Fixed value"), summary=_("Always makes the same value, whatever came.")
        ),
        "default": Words(label=_("Value if empty"), summary=_("Makes a value if there is none.")),
    }
)

PARAMETER_LABELS: Mapping[str, Promise] = MappingProxyType(
    {
        "separator": _("Separator"),
        "pattern": _("Regular expression"),
        "group": _("Number of the group"),
        "old": _("Text to look for"),
        "new": _("Text to put in its place"),
        "table": _("Table"),
        "unknown": _("A value that is not in the table"),
        "template": _("Text"),
        "formats": _("Formats"),
        "value": _("Value"),
    }
)

PARAMETER_HELP: Mapping[str, Promise] = MappingProxyType(
    {
        "group": _("May stay empty."),
        "table": _("One line for each entry: the value that comes = the value to write."),
        "formats": _("One a line, like %d.%m.%Y. May stay empty."),
        "template": _("Names of claims in braces."),
    }
)

CHOICE_LABELS: Mapping[str, Promise] = MappingProxyType(
    {
        "keep": _("is kept as it is"),
        "empty": _("is dropped"),
        "refuse": _("refuses the sign-in"),
    }
)


def label_of_step(name: str) -> str:
    """Return the name of a transform in forms; the given name if there is no such transform."""
    return str(TRANSFORM_WORDS[name].label) if name in TRANSFORM_WORDS else name


def steps_in_words(steps: Iterable[Mapping[str, Any]]) -> str:
    """Return the stored steps of a row as a text for people."""
    return ", ".join(_step_in_words(step) for step in steps)


def _step_in_words(step: Mapping[str, Any]) -> str:
    label = label_of_step(str(step.get("name", "?")))
    given = [(name, value) for name, value in step.items() if name != "name"]
    said = "; ".join(
        f"{PARAMETER_LABELS.get(name, name)}: {_typed(value)}" for name, value in given
    )
    return f"{label} ({said})" if said else label


def _typed(value: Any) -> str:
    """Return the value of a parameter as somebody would type it."""
    if isinstance(value, Mapping):
        return ", ".join(f"{key} = {to}" for key, to in value.items())
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return str(CHOICE_LABELS.get(value, value)) if isinstance(value, str) else str(value)
