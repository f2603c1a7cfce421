"""Regular expressions typed by strangers: taken only if it can be shown that they cannot take long.

Tenants write the patterns, identity providers send the values, and Python's engine backtracks, so
``(a+)+b`` and thirty letters would hold a worker for minutes. A time limit is no way out: the engine
cannot be interrupted from another thread, and a process per sign-in costs more than the sign-in.
Looking for "dangerous" shapes finds ``(a+)+`` but not ``a*a*a*a*b``, which is only polynomial and still
far too slow. So we bound the work itself: walk the parsed pattern and count, from above, the ways in
which the engine can try it on a value of a given length. What is over :data:`MAX_STEPS` is refused,
on saving for a value of ordinary length, and on use for the values at hand. What cannot be
counted (backreferences, lookarounds, conditions, atomic groups) is refused too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from re import _parser  # type: ignore[attr-defined, unused-ignore]  # the engine's own view of a pattern
from typing import Any, TypeAlias

from jitprov.provisioning.parameters import ParameterRefused
from jitprov.provisioning.problems import MappingProblem

MAX_PATTERN_LENGTH = 200
ORDINARY_LENGTH = 128
"""Characters. A pattern that is not cheap on a value of this length is refused when it is saved."""
MAX_STEPS = 10_000_000
"""Upper bound of single-character comparisons; well under half a second in the worst case."""

# (opcode, argument) pairs of re._parser, which has no types.
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
_SINGLE = frozenset({"LITERAL", "NOT_LITERAL", "IN", "ANY", "AT"})


def check_pattern(pattern: str) -> None:
    """Accept a pattern, or raise :class:`PatternRefused` with a reason for the person who typed it."""
    if len(pattern) > MAX_PATTERN_LENGTH:
        raise PatternRefused(MappingProblem.TOO_LONG, most=MAX_PATTERN_LENGTH)
    if steps(pattern, ORDINARY_LENGTH) > MAX_STEPS:
        raise PatternRefused(MappingProblem.SLOW_PATTERN)


def group_count(pattern: str) -> int:
    """Return the number of capturing groups of a pattern."""
    return re.compile(pattern).groups


@lru_cache(maxsize=4096)
def steps(pattern: str, length: int) -> int:
    """Return an upper bound of the steps of a search for a pattern in a value of ``length`` characters."""
    tree = _parse(pattern)
    once = _sequence(tree, length).steps
    # Even an anchored pattern is looked at from each place, but there it ends at once.
    return length + (once if _is_anchored(tree) else once * (length + 1))


@lru_cache(maxsize=512)
def _parse(pattern: str) -> Any:
    try:
        re.compile(pattern)
        return _parser.parse(pattern)
    except (re.error, OverflowError, RecursionError, Warning) as error:
        # A Warning arrives here only where the host turned it into an error.
        raise PatternRefused(MappingProblem.NO_PATTERN) from error


def _is_anchored(tree: Any) -> bool:
    name, argument = (str(part) for part in tree[0]) if len(tree) else ("", "")
    multiline = bool(tree.state.flags & re.MULTILINE)
    anchors = {"AT_BEGINNING_STRING"} if multiline else {"AT_BEGINNING", "AT_BEGINNING_STRING"}
    return name == "AT" and argument in anchors


def _sequence(items: _Items, length: int) -> _Effort:
    total = _Effort(1, 1)
    for opcode, argument in items:
        part = _part(str(opcode), argument, length)
        total = _Effort(total.ways * part.ways, total.steps + total.ways * part.steps).bounded()
    return total


def _part(name: str, argument: Any, length: int) -> _Effort:
    if name in _SINGLE:
        return _ONE
    if name == "SUBPATTERN":
        return _sequence(argument[-1], length)
    if name == "BRANCH":
        parts = [_sequence(items, length) for items in argument[1]]
        return _Effort(sum(part.ways for part in parts), sum(part.steps for part in parts))
    if name in {"MAX_REPEAT", "MIN_REPEAT"}:
        least, most, items = argument
        return _repeat(least, min(int(most), length), items, length)
    raise PatternRefused(MappingProblem.UNCOUNTABLE_PATTERN, what=name.replace("_", " ").lower())


def _repeat(least: int, most: int, items: Any, length: int) -> _Effort:
    body = _sequence(items, length)
    # Python leaves a loop whose body matched nothing, so each round uses up a character.
    rounds = min(most, length // max(1, items.getwidth()[0]))
    if body.ways == 1:
        return _Effort(max(1, rounds - least + 1), max(1, rounds) * body.steps)
    # w + w² + ... + wⁿ is at most 2wⁿ; beyond 32 rounds that is over the limit for every w > 1.
    ways = 2 * body.ways ** min(rounds, 32)
    return _Effort(ways, ways * body.steps).bounded()
