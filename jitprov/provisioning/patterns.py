"""Accept a regular expression from a stranger only if it is certain that a search ends soon.

Tenants write the patterns, identity providers send the values, and Python's engine backtracks, so
``(a+)+b`` and thirty letters would hold a worker for minutes. A time limit does not help: the engine
cannot be interrupted from another thread, and a process per sign-in costs more than the sign-in.
Looking for "dangerous" shapes finds ``(a+)+`` but not ``a*a*a*a*b``, which is only polynomial and still
far too slow. So the work itself is bounded: :func:`steps` walks the parsed pattern and counts, from above,
the ways in which the engine can try it on a value of a given length. A pattern that needs more than
:data:`MAX_STEPS` is refused: when it is saved, for a value of ordinary length, and when it is used, for the
values at hand. Parts that cannot be counted (backreferences, lookarounds, conditions, atomic groups) are
refused too.

The parsed pattern is private to Python's :mod:`re`, and another Python may change it. A part whose kind or
shape is not the one expected here is refused, and so is every pattern where the parser is missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from jitprov.provisioning.parameters import ParameterRefused
from jitprov.provisioning.problems import MappingProblem

MAX_PATTERN_LENGTH = 200
ORDINARY_LENGTH = 128
"""Characters. A pattern that is not cheap on a value of this length is refused when it is saved."""
MAX_STEPS = 10_000_000
"""Upper bound of single-character comparisons; well under half a second in the worst case."""
STEPS_OF_A_PATTERN = 100_000
"""What a pattern costs by itself. A mapping has room for no more than Python's engine keeps compiled (512)."""
STEPS_OF_A_VALUE = 1000
"""What it costs to count for one value, and to begin the search."""

_parser: Any = getattr(re, "_parser", None)
"""The engine's own parser. It has no types: a parsed pattern is a list of pairs of an opcode and its argument."""
_Items: TypeAlias = Iterable[tuple[Any, Any]]


class PatternRefused(ParameterRefused):
    """A regular expression is malformed, or nobody can promise that it ends soon."""


@dataclass(frozen=True, slots=True)
class _Effort:
    """Upper bounds for one part of a pattern, tried once at one place."""

    ways: int
    """In how many ways it can match, each of which makes the rest be tried again."""
    steps: int
    """How many characters are compared on the way."""

    def bounded(self) -> _Effort:
        """Keep numbers small: beyond the limit it does not matter how far."""
        return _Effort(min(self.ways, MAX_STEPS + 1), min(self.steps, MAX_STEPS + 1))


_ONE = _Effort(1, 1)
_SINGLE = frozenset({"LITERAL", "NOT_LITERAL", "ANY", "AT"})
"""Opcodes that look at one character at most."""
_IN_A_SET = frozenset({"NEGATE", "LITERAL", "RANGE", "CATEGORY"})


def check_pattern(pattern: str) -> None:
    """Accept a pattern, or raise :class:`PatternRefused` with a reason for the person who typed it."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise PatternRefused(MappingProblem.TOO_LONG, most=MAX_PATTERN_LENGTH)
    if steps(pattern, ORDINARY_LENGTH) > MAX_STEPS:
        raise PatternRefused(MappingProblem.SLOW_PATTERN)


def group_count(pattern: str) -> int:
    """Return the number of capturing groups in a pattern."""
    return re.compile(pattern).groups


def search_steps(pattern: str, values: Iterable[str]) -> int:
    """Return an upper bound of the comparisons of a search in each of the values.

    Lengths are rounded up, so that what is counted for one value is known for most others.
    """
    return sum(steps(pattern, _rounded(len(value))) for value in values)


def _rounded(length: int) -> int:
    """Return a length with three binary digits after the first: at most an eighth more."""
    unit = 1 << max(0, length.bit_length() - 4)
    return -(-length // unit) * unit


@lru_cache(maxsize=4096)
def steps(pattern: str, length: int) -> int:
    """Return an upper bound of the comparisons that a search for ``pattern`` needs in ``length`` characters.

    :raises PatternRefused: it is malformed, or there is no bound for it.
    """
    try:
        return _search(pattern, _parse(pattern), length)
    except PatternRefused:
        raise
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # Another Python parses it into something else, so nobody knows what a search costs.
        raise PatternRefused(MappingProblem.SLOW_PATTERN) from error


def _search(pattern: str, tree: Any, length: int) -> int:
    once = _sequence(tree, length).steps
    # Even an anchored pattern is looked at from each place, but there it ends at once.
    return length + (once if _is_anchored(pattern, tree) else once * (length + 1))


@lru_cache(maxsize=512)
def _parse(pattern: str) -> Any:
    try:
        re.compile(pattern)
        return _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        # A Warning arrives here only where the host turned it into an error.
        raise PatternRefused(MappingProblem.NO_PATTERN) from error


def _is_anchored(pattern: str, tree: Any) -> bool:
    name, argument = (str(part) for part in tree[0]) if len(tree) else ("", "")
    multiline = bool(re.compile(pattern).flags & re.MULTILINE)
    anchors = {"AT_BEGINNING_STRING"} if multiline else {"AT_BEGINNING", "AT_BEGINNING_STRING"}
    return name == "AT" and argument in anchors


def _sequence(items: _Items, length: int) -> _Effort:
    total = _Effort(1, 1)
    for opcode, argument in items:
        part = _part(str(opcode), argument, length)
        total = _Effort(total.ways * part.ways, total.steps + total.ways * part.steps).bounded()
    return total


def _part(name: str, argument: Any, length: int) -> _Effort:
    if name in _SINGLE or (name == "IN" and _is_a_set(argument)):
        return _ONE
    if name == "SUBPATTERN":
        _group, _flags_on, _flags_off, items = argument
        return _sequence(items, length)
    if name == "BRANCH":
        _nothing, branches = argument
        parts = [_sequence(items, length) for items in branches]
        return _Effort(sum(part.ways for part in parts), sum(part.steps for part in parts))
    if name in {"MAX_REPEAT", "MIN_REPEAT"}:
        least, most, items = argument
        return _repeat(least, min(int(most), length), items, length)
    raise PatternRefused(MappingProblem.UNCOUNTABLE_PATTERN, what=name.replace("_", " ").lower())


def _is_a_set(argument: _Items) -> bool:
    """Say whether a set, such as ``[a-z]``, holds nothing but what one character is compared with."""
    return all(str(opcode) in _IN_A_SET for opcode, _ in argument)


def _repeat(least: int, most: int, items: Any, length: int) -> _Effort:
    body = _sequence(items, length)
    # Python leaves a loop whose body matched nothing, so each round uses up a character.
    rounds = min(most, length // max(1, items.getwidth()[0]))
    if body.ways == 1:
        return _Effort(max(1, rounds - least + 1), max(1, rounds) * body.steps)
    # w + w² + ... + wⁿ is at most 2wⁿ; beyond 32 rounds that is over the limit for every w > 1.
    ways = 2 * body.ways ** min(rounds, 32)
    return _Effort(ways, ways * body.steps).bounded()
