"""Define the named transforms that mappings may use.

All transforms follow the same rules:

- A transform is given the claim's values, a tuple of strings, and gives back a tuple of strings. The
  *typed* ones (``boolean``, ``integer``, ``date``) take the first value and give back one typed value;
  they can only come last.
- A blank value is no value: blank ones are dropped before the first step and after each.
- Transforms also run when no value came, so that ``default``, ``constant`` and ``template`` can make one;
  all others return nothing for nothing.
- Everything is bounded: see :mod:`jitprov.provisioning.transform_spec`.

Each function takes the values so far, its checked parameters, and all claims.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from types import MappingProxyType

from jitprov.provisioning import patterns
from jitprov.provisioning.parameters import Kind, Parameter, ParameterRefused
from jitprov.provisioning.problems import MappingProblem
from jitprov.provisioning.transform_spec import (
    ClaimValues,
    Parameters,
    TransformSpec,
    ValueRefused,
    Values,
    acceptable,
    acceptable_value,
    trimmed,
)
from jitprov.provisioning.types import Value

_BOOLEANS = MappingProxyType(
    {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
)
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}")
_TEMPLATE_PART = re.compile(r"\{\{|\}\}|\{([^{}]+)\}|([{}])")


def _each(change: Callable[[str], str]) -> Callable[[Values, Parameters, ClaimValues], Value]:
    """Make a transform that changes each value by itself."""

    def apply(values: Values, _parameters: Parameters, _claims: ClaimValues) -> Value:
        return tuple(change(value) for value in values)

    return apply


def _split(values: Values, parameters: Parameters, _claims: ClaimValues) -> Value:
    return tuple(trimmed(part) for value in values for part in value.split(parameters["separator"]))


def _join(values: Values, parameters: Parameters, _claims: ClaimValues) -> Value:
    return (parameters["separator"].join(values),)


def _first(values: Values, _parameters: Parameters, _claims: ClaimValues) -> Value:
    return values[:1]


def _last(values: Values, _parameters: Parameters, _claims: ClaimValues) -> Value:
    return values[-1:]


def _regex_extract(values: Values, parameters: Parameters, _claims: ClaimValues) -> Value:
    pattern, group = parameters["pattern"], parameters["group"]
    if patterns.search_steps(pattern, values) > patterns.MAX_STEPS:
        raise ValueRefused("regex_extract: the values are too long for this pattern")
    if group is None:
        group = min(1, patterns.group_count(pattern))
    matches = [re.search(pattern, value) for value in values]
    return tuple(match.group(group) or "" for match in matches if match)


def _regex_work(values: Values, parameters: Parameters) -> int:
    around = patterns.STEPS_OF_A_PATTERN + patterns.STEPS_OF_A_VALUE * len(values)
    return around + patterns.search_steps(parameters["pattern"], values)


def _check_group(parameters: Parameters) -> None:
    if (parameters["group"] or 0) > patterns.group_count(parameters["pattern"]):
        raise ParameterRefused(MappingProblem.NO_SUCH_GROUP)


def _replace(values: Values, parameters: Parameters, _claims: ClaimValues) -> Value:
    old, new = parameters["old"], parameters["new"]
    # Checked one by one: a text in place of each letter of many long values would fill the memory first.
    return tuple(acceptable_value(value.replace(old, new)) for value in values)


def _table(values: Values, parameters: Parameters, _claims: ClaimValues) -> Value:
    table, unknown = parameters["table"], parameters["unknown"]
    if unknown == "refuse" and any(value not in table for value in values):
        raise ValueRefused("table: a value is not in the table")
    return tuple(table.get(value, value if unknown == "keep" else "") for value in values)


def _template(_values: Values, parameters: Parameters, claims: ClaimValues) -> Value:
    template = parameters["template"]
    named = {name: acceptable(claims.get(name, ()))[:1] for name in claims_named(template)}
    # Half a name or half an address is worse than none: the account would get it.
    if not all(named.values()):
        return ()

    def fill(part: re.Match[str]) -> str:
        return named[part[1]][0] if part[1] else part[0][0]

    return (_TEMPLATE_PART.sub(fill, template),)


def claims_named(template: str) -> list[str]:
    """Return the claims that a template names."""
    return [part[1] for part in _TEMPLATE_PART.finditer(template) if part[1]]


def _check_template(template: str) -> None:
    # str.format would reach into attributes ("{x.__class__}"); here a name is a key and nothing more.
    if any(part[2] for part in _TEMPLATE_PART.finditer(template)):
        raise ParameterRefused(MappingProblem.STRAY_BRACE)


def _boolean(values: Values, _parameters: Parameters, _claims: ClaimValues) -> Value:
    if not values:
        return ()
    if (word := trimmed(values[0]).lower()) not in _BOOLEANS:
        raise ValueRefused("boolean: the value is none of true, false, 1, 0, yes, no")
    return _BOOLEANS[word]


def _integer(values: Values, _parameters: Parameters, _claims: ClaimValues) -> Value:
    if not values:
        return ()
    if not _INTEGER.fullmatch(number := trimmed(values[0])):
        raise ValueRefused("integer: the value is not a whole number of at most 18 digits")
    return int(number)


def _date(values: Values, parameters: Parameters, _claims: ClaimValues) -> Value:
    if not values:
        return ()
    for read in map(_reader, parameters["formats"] or ("",)):
        try:
            return read(trimmed(values[0]))
        except ValueError:
            continue
    raise ValueRefused("date: the value has none of the formats")


def _iso_date(value: str) -> date:
    # With a time too, as directories send it (2026-03-02T00:00:00Z): the day is taken as it is written.
    return datetime.fromisoformat(value).date()


def _reader(date_format: str) -> Callable[[str], date]:
    if not date_format:
        return _iso_date
    return lambda value: date(*time.strptime(value, date_format)[:3])


def _check_date_formats(formats: Values) -> None:
    # strptime makes a regular expression of its format, and month names follow the server's locale.
    for date_format in formats:
        directives = re.findall(r"%(.?)", date_format)
        if sorted(directives) not in (["Y", "d", "m"], ["d", "m", "y"]):
            raise ParameterRefused(MappingProblem.NO_DATE_FORMAT)


def _constant(_values: Values, parameters: Parameters, _claims: ClaimValues) -> Value:
    return (parameters["value"],)


def _default(values: Values, parameters: Parameters, _claims: ClaimValues) -> Value:
    return values or (parameters["value"],)


_SEPARATOR = Parameter(name="separator", kind=Kind.TEXT, required=True)
_VALUE = Parameter(name="value", kind=Kind.TEXT, required=True)

_SPECS = (
    TransformSpec(
        name="strip",
        summary="Takes away white space around each value.",
        apply=_each(str.strip),
    ),
    TransformSpec(name="lower", summary="Makes each value lower case.", apply=_each(str.lower)),
    TransformSpec(name="upper", summary="Makes each value upper case.", apply=_each(str.upper)),
    TransformSpec(
        name="title",
        summary="Makes the first letter of each word of each value upper case, the others lower case.",
        apply=_each(str.title),
    ),
    TransformSpec(
        name="split",
        summary="Cuts each value at a separator; the parts become values, without surrounding white space.",
        apply=_split,
        parameters=(_SEPARATOR,),
    ),
    TransformSpec(
        name="join",
        summary="Makes one value of all, with a separator between them.",
        apply=_join,
        parameters=(Parameter(name="separator", kind=Kind.TEXT, default=" "),),
    ),
    TransformSpec(name="first", summary="Keeps the first value only.", apply=_first),
    TransformSpec(name="last", summary="Keeps the last value only.", apply=_last),
    TransformSpec(
        name="regex_extract",
        summary=(
            "Searches each value for a regular expression and keeps a group of it (by default the first, "
            "or the whole match if there is none); values that do not match are dropped."
        ),
        apply=_regex_extract,
        work=_regex_work,
        parameters=(
            Parameter(name="pattern", kind=Kind.TEXT, required=True, check=patterns.check_pattern),
            Parameter(name="group", kind=Kind.INTEGER),
        ),
        check=_check_group,
    ),
    TransformSpec(
        name="replace",
        summary="Replaces a text by another wherever it occurs in each value.",
        apply=_replace,
        parameters=(
            Parameter(name="old", kind=Kind.TEXT, required=True),
            Parameter(name="new", kind=Kind.TEXT, default=""),
        ),
    ),
    TransformSpec(
        name="table",
        summary=(
            "Looks each value up in a table, exactly; a value that is not there is kept, dropped (empty) "
            "or refused."
        ),
        apply=_table,
        parameters=(
            Parameter(name="table", kind=Kind.TABLE, required=True),
            Parameter(
                name="unknown",
                kind=Kind.CHOICE,
                default="keep",
                choices=("keep", "empty", "refuse"),
            ),
        ),
    ),
    TransformSpec(
        name="template",
        summary=(
            "Makes one value from a text with claims in braces, like {givenname} {surname}, whatever the "
            "row's own values; no value at all if one of the claims has none."
        ),
        apply=_template,
        parameters=(
            Parameter(name="template", kind=Kind.TEXT, required=True, check=_check_template),
        ),
        makes_value=True,
    ),
    TransformSpec(
        name="boolean",
        summary="Reads the first value as true, 1, yes or false, 0, no, in upper or lower case.",
        apply=_boolean,
        typed=True,
    ),
    TransformSpec(
        name="integer",
        summary="Reads the first value as a whole number.",
        apply=_integer,
        typed=True,
    ),
    TransformSpec(
        name="date",
        summary="Reads the first value as a date: ISO 8601 by default, or the first format that fits.",
        apply=_date,
        parameters=(
            Parameter(name="formats", kind=Kind.TEXTS, default=(), check=_check_date_formats),
        ),
        typed=True,
    ),
    TransformSpec(
        name="constant",
        summary="Always makes the same value.",
        apply=_constant,
        parameters=(_VALUE,),
        makes_value=True,
    ),
    TransformSpec(
        name="default",
        summary="Makes a value if there is none.",
        apply=_default,
        parameters=(_VALUE,),
        makes_value=True,
    ),
)

TRANSFORMS: Mapping[str, TransformSpec] = MappingProxyType({spec.name: spec for spec in _SPECS})
"""Every transform by name, in the order in which forms offer them."""
