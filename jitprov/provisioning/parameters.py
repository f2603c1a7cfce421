"""Define the parameters of transforms, and check the values that a tenant gives them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from jitprov.provisioning.problems import MappingProblem

MAX_TEXT_LENGTH = 500
MAX_TEXTS = 10
MAX_TABLE_ENTRIES = 500
MAX_INTEGER = 99

# Characters that no database stores: values are made from parameters; see transforms.acceptable.
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


class ParameterRefused(ValueError):
    """A parameter cannot be used. Carries the code of the problem and its facts."""

    def __init__(self, problem: MappingProblem, /, **facts: object) -> None:
        super().__init__(problem.text(facts))
        self.problem, self.facts = problem, facts


class Kind(StrEnum):
    """The kinds of values of parameters, for forms and for checks."""

    TEXT = "text"
    TEXTS = "texts"
    """A list of texts."""
    TABLE = "table"
    """An object of texts."""
    INTEGER = "integer"
    CHOICE = "choice"

    def read(self, raw: object, choices: tuple[str, ...]) -> Any:
        """Return a raw value as a value of this kind, or raise :class:`ParameterRefused`."""
        if self is Kind.CHOICE:
            return _choice(raw, choices)
        return _READERS[self](raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One parameter of a transform."""

    name: str
    kind: Kind
    required: bool = False
    """It must be given, and not be empty."""
    default: Any = None
    choices: tuple[str, ...] = ()
    check: Callable[[Any], None] | None = None
    """A further check of a value that was given. Raises :class:`ParameterRefused`."""

    def clean(self, raw: Mapping[str, object]) -> Any:
        """Return this parameter from untrusted ones, checked, or raise :class:`ParameterRefused`."""
        given = raw.get(self.name)
        if given is None and not self.required:
            return self.default
        value = self.kind.read(given, self.choices)
        if self.required and not value:
            raise ParameterRefused(MappingProblem.EMPTY)
        if self.check is not None:
            self.check(value)
        return value


def _choice(raw: object, choices: tuple[str, ...]) -> str:
    if raw not in choices:
        raise ParameterRefused(MappingProblem.NO_CHOICE, choices=", ".join(choices))
    return str(raw)


def _text(raw: object) -> str:
    if not isinstance(raw, str):
        raise ParameterRefused(MappingProblem.NO_TEXT)
    if len(raw) > MAX_TEXT_LENGTH:
        raise ParameterRefused(MappingProblem.TOO_LONG, most=MAX_TEXT_LENGTH)
    if UNSTORABLE.search(raw):
        raise ParameterRefused(MappingProblem.UNSTORABLE)
    return raw


def _texts(raw: object) -> tuple[str, ...]:
    if not isinstance(raw, list | tuple):
        raise ParameterRefused(MappingProblem.NO_TEXTS)
    if len(raw) > MAX_TEXTS:
        raise ParameterRefused(MappingProblem.TOO_MANY_ENTRIES, most=MAX_TEXTS)
    return tuple(_text(item) for item in raw)


def _table(raw: object) -> Mapping[str, str]:
    if not isinstance(raw, Mapping):
        raise ParameterRefused(MappingProblem.NO_TABLE)
    if len(raw) > MAX_TABLE_ENTRIES:
        raise ParameterRefused(MappingProblem.TOO_MANY_ENTRIES, most=MAX_TABLE_ENTRIES)
    return MappingProxyType({_text(key): _text(value) for key, value in raw.items()})


def _integer(raw: object) -> int:
    # JSON's true is an int to Python.
    if not isinstance(raw, int) or isinstance(raw, bool) or not 0 <= raw <= MAX_INTEGER:
        raise ParameterRefused(MappingProblem.NO_WHOLE_NUMBER, most=MAX_INTEGER)
    return raw


_READERS: Mapping[Kind, Callable[[object], Any]] = MappingProxyType(
    {Kind.TEXT: _text, Kind.TEXTS: _texts, Kind.TABLE: _table, Kind.INTEGER: _integer}
)
