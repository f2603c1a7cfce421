"""Match the groups that a source names against the group mappings: who gets which group, and who may come in at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.steps import check_transforms, run_transforms
from jitprov.provisioning.transform_spec import Budget, ValueRefused, Values
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.provisioning.types import (
    Claims,
    GroupRule,
    Note,
    Problem,
    RefusalReason,
)

GROUPS_OVERAGE_CLAIM = "http://schemas.microsoft.com/claims/groups.link"
"""The claim that Entra sends instead of groups when there are more than 150. Its URL leads to a retired service."""

MAX_UNMATCHED = 50
"""Most values of a claim that are shown because they match no group mapping."""

NO_TEXT = "a value is no text: it has elements inside, or is a NameID of another directory"
_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")

_Reading = tuple[str, str]
"""A claim, and a text of the steps that its values go through before they are compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """The result of the group mappings."""

    wanted: frozenset[int] | None
    """``None``: no opinion, leave groups alone."""
    unknown: frozenset[int] = frozenset()
    rules: Mapping[int, GroupRule] = field(default_factory=dict)
    outside: bool = False
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()


def check_group_rule(rule: GroupRule) -> None:
    """Accept a group mapping, or raise :class:`~jitprov.provisioning.problems.MappingError`.

    A step that makes a value where none came would put people into a group of whom nobody said so.
    """
    for step in check_transforms(rule.transforms):
        spec = TRANSFORMS[step.name]
        if spec.typed or spec.makes_value:
            raise MappingError(MappingProblem.STEP_NOT_FOR_GROUPS, transform=step.name)


def match_groups(claims: Claims, rules: Sequence[GroupRule], budget: Budget) -> Membership:
    """Return the groups that the claims come to, and whether the person is outside of those that may come in.

    A claim that did not come says nothing about its groups: they stay as they are, because whoever stops sending a claim
    must not empty every group. Nobody comes in by it, though, where only members may.

    :raises MappingError: a rule that no form would have saved.
    """
    for rule in rules:
        check_group_rule(rule)
    if not rules:
        return Membership(wanted=None)
    everybody = [rule for rule in rules if rule.everybody]
    if GROUPS_OVERAGE_CLAIM in claims.values:
        return replace(_concluded(rules, everybody, silent=rules), notes=(Note.GROUPS_OVERAGE,))
    read = _Read(claims, rules, budget)
    named = [rule for rule in rules if not rule.everybody and read.names(rule)]
    silent = [rule for rule in rules if not rule.everybody and rule.claim not in claims.values]
    return replace(
        _concluded(rules, [*everybody, *named], silent=silent),
        problems=(*read.problems, *_unreadable(claims, rules)),
        notes=tuple(_notes(silent, matches_nothing=read.matches_nothing(named))),
    )


def unmatched_values(claims: Claims, rules: Sequence[GroupRule]) -> Mapping[str, Values]:
    """Return the values that came and that no rule of their claim has, by claim, for whoever maps them."""
    return _Read(claims, rules, Budget()).unmatched()


def is_guid(value: str) -> bool:
    """Say whether a value is a GUID, in whatever case, as Entra's object IDs are."""
    return _GUID.fullmatch(value) is not None


def without_guid_case(value: str) -> str:
    """Return a value in lower case if it is a GUID: directories change their minds about that."""
    return value.lower() if is_guid(value) else value


class _Read:
    """The values of the claims that rules read, after the steps of those rules.

    Made once for each claim and steps, not for each rule: people have hundreds of groups, tenants hundreds of rules.
    """

    def __init__(self, claims: Claims, rules: Sequence[GroupRule], budget: Budget) -> None:
        self._rules = [rule for rule in rules if not rule.everybody]
        self.problems: list[Problem] = []
        self._held: dict[_Reading, frozenset[str]] = {}
        for reading, rule in {_reading(rule): rule for rule in self._rules}.items():
            if rule.claim in claims.values:
                self._held[reading] = frozenset(self._values(claims, rule, budget))

    def _values(self, claims: Claims, rule: GroupRule, budget: Budget) -> Values:
        values = claims.values[rule.claim]
        if not rule.transforms:
            return tuple(map(without_guid_case, values))
        try:
            for _name, step in run_transforms(rule.transforms, values, claims.values, budget):
                values = step if isinstance(step, tuple) else ()
        except ValueRefused as error:
            self.problems.append(_problem(rule.claim, str(error)))
            return ()
        return tuple(map(without_guid_case, values))

    def names(self, rule: GroupRule) -> bool:
        return without_guid_case(rule.value) in self._held.get(_reading(rule), ())

    def unmatched(self) -> Mapping[str, Values]:
        known: dict[str, set[str]] = {}
        for rule in self._rules:
            known.setdefault(rule.claim, set()).add(without_guid_case(rule.value))
        left: dict[str, set[str]] = {}
        for (claim, _transforms), held in self._held.items():
            left.setdefault(claim, set()).update(held - known[claim])
        return MappingProxyType(
            {
                claim: tuple(sorted(values)[:MAX_UNMATCHED])
                for claim, values in left.items()
                if values
            }
        )

    def matches_nothing(self, matching: Iterable[GroupRule]) -> bool:
        """Say whether a claim came with values, and none of them is in any rule."""
        matched = {rule.claim for rule in matching}
        return any(held and claim not in matched for (claim, _), held in self._held.items())


def _reading(rule: GroupRule) -> _Reading:
    if not rule.transforms:
        return rule.claim, ""
    steps = [f"{step.name} {sorted(step.parameters.items())}" for step in rule.transforms]
    return rule.claim, "\n".join(steps)


def _concluded(
    rules: Sequence[GroupRule], matching: Sequence[GroupRule], *, silent: Sequence[GroupRule]
) -> Membership:
    given = {rule.group: rule for rule in reversed(matching) if rule.group is not None}
    nothing_known = len(silent) == len(rules) or all(rule.group is None for rule in rules)
    return Membership(
        wanted=None if nothing_known and not given else frozenset(given),
        unknown=frozenset(rule.group for rule in silent if rule.group is not None) - given.keys(),
        rules=MappingProxyType(given),
        outside=any(rule.admits for rule in rules) and not any(rule.admits for rule in matching),
    )


def _notes(silent: Sequence[GroupRule], *, matches_nothing: bool) -> Iterator[Note]:
    if silent:
        yield Note.GROUPS_ABSENT
    if matches_nothing:
        yield Note.GROUPS_UNMATCHED


def _unreadable(claims: Claims, rules: Sequence[GroupRule]) -> Iterator[Problem]:
    for name in sorted({rule.claim for rule in rules} & claims.unreadable):
        yield _problem(name, NO_TEXT)


def _problem(claim: str, text: str) -> Problem:
    return Problem(reason=RefusalReason.INVALID_VALUE, field="groups", detail=f"{claim}: {text}")
