"""Map the claims about a person to the user fields and groups that the account should have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from jitprov.provisioning.parameters import UNSTORABLE
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.steps import check_transforms, run_transforms
from jitprov.provisioning.transform_spec import ValueRefused, Values, acceptable
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.provisioning.types import (
    ClaimRule,
    Claims,
    DesiredUser,
    DesiredValue,
    GroupRule,
    Note,
    Problem,
    RefusalReason,
    TraceStep,
    Value,
    WhenEmpty,
)

FORBIDDEN_TARGETS = frozenset(
    {
        # An identity provider vouches for who somebody is, never for what they may do here.
        "is_superuser",
        "is_staff",
        "user_permissions",
        # Has rules of its own, which know what was granted by whom: GroupRule.
        "groups",
        # Follows the identities of a person (Claims.active), of which this is only one.
        "is_active",
        "password",
        # Password reset links are derived from it.
        "last_login",
        "pk",
    }
)
"""User fields that no mapping may write. The Django side adds the names of the primary key."""

GROUPS_OVERAGE_CLAIM = "http://schemas.microsoft.com/claims/groups.link"
"""The claim that Entra sends instead of groups when there are more than 150. Its URL leads to a retired service."""

MAX_EXTERNAL_ID = 1024
"""Most characters of an anchor. A longer one counts as none, because cutting it could make two people one."""
MAX_RULES = 200
MAX_SOURCES = 10

_GUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")


def external_id_from(values: Mapping[str, Values], *, subject_claim: str, name_id: str = "") -> str:
    """Read the anchor from ``subject_claim``, or from the NameID where no claim is named.

    GUIDs are lower-cased, because directories change their minds about that; anything else stays as it
    is but for surrounding white space. Empty when there is none, or more than one: to choose would be to
    let whoever can add a value become somebody else. Pass no ``name_id`` that is transient: it never comes again.

    >>> external_id_from({"employee": ("4711",)}, subject_claim="employee", name_id="ann@acme.example")
    '4711'
    >>> external_id_from({"employee": ("4711", "4712")}, subject_claim="employee")
    ''
    """
    found = values.get(subject_claim, ()) if subject_claim else (name_id,)
    anchors = {_without_guid_case(value.strip()) for value in found}
    if len(anchors) != 1:
        return ""
    anchor = anchors.pop()
    unfit = len(anchor) > MAX_EXTERNAL_ID or UNSTORABLE.search(anchor)
    return "" if unfit else anchor


def check_target(name: str) -> None:
    """Accept the name of a user field as a target, or raise :class:`~jitprov.provisioning.problems.MappingError`."""
    if name in FORBIDDEN_TARGETS:
        raise MappingError(MappingProblem.FORBIDDEN_TARGET, field=name)
    # Neither a lookup into another table nor a private name.
    if not name.isidentifier() or name.startswith("_") or "__" in name:
        raise MappingError(MappingProblem.NO_TARGET)


def check_rule(rule: ClaimRule) -> None:
    """Accept a row of a mapping, or raise :class:`~jitprov.provisioning.problems.MappingError`."""
    check_target(rule.target)
    transforms = check_transforms(rule.transforms)
    if len(rule.sources) > MAX_SOURCES:
        raise MappingError(MappingProblem.TOO_MANY_CLAIMS, most=MAX_SOURCES)
    if not rule.sources and not any(TRANSFORMS[step.name].makes_value for step in transforms):
        raise MappingError(MappingProblem.NOTHING_TO_READ)


def map_claims(
    claims: Claims, rules: Sequence[ClaimRule], group_rules: Sequence[GroupRule]
) -> DesiredUser:
    """Return what the account should look like, with a trace of how each value came about.

    Each rule takes the first of its claims that has a value, and applies its transforms. If several values
    are left, the first is used. If none is left, the field is a problem (required), absent from ``fields``
    (``WhenEmpty.KEEP``) or wanted to be ``""`` (``WhenEmpty.CLEAR``), which the Django side turns into
    the empty value of that field: ``None`` where it may be NULL and holds no text.

    >>> from jitprov.provisioning.types import Source
    >>> ann = Claims(source=Source.SAML, external_id="4711", values={"givenName": ("Ann",), "mail": ()})
    >>> rules = [
    ...     ClaimRule(sources=("firstName", "givenName"), target="first_name"),
    ...     ClaimRule(sources=("mail",), target="email", required=True),
    ... ]
    >>> desired = map_claims(ann, rules, [])
    >>> desired.fields["first_name"].value
    'Ann'
    >>> [(problem.field, problem.reason.value) for problem in desired.problems]
    [('email', 'required_claim_missing')]

    Raises :class:`~jitprov.provisioning.problems.MappingError` for rules that no form would have saved.
    """
    _check_rules(rules)
    outcomes = [_apply(rule, claims.values) for rule in rules]
    membership = _match_groups(claims.values, group_rules)
    return DesiredUser(
        claims=claims,
        fields=MappingProxyType(
            {item.target: item.wanted for item in outcomes if item.wanted is not None}
        ),
        groups=membership.wanted,
        unknown_groups=membership.unknown,
        group_rules=membership.rules,
        active=claims.active,
        problems=tuple(item.problem for item in outcomes if item.problem is not None),
        notes=membership.notes,
        trace=tuple(item.trace for item in outcomes),
    )


def _check_rules(rules: Sequence[ClaimRule]) -> None:
    # Forms check this too, but rows can be written without them.
    if len(rules) > MAX_RULES:
        raise MappingError(MappingProblem.TOO_MANY_ROWS, most=MAX_RULES)
    for rule in rules:
        check_rule(rule)
    if len({rule.target for rule in rules}) < len(rules):
        raise MappingError(MappingProblem.TARGET_TWICE)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Outcome:
    """The result of one rule."""

    target: str
    trace: TraceStep
    wanted: DesiredValue | None = None
    problem: Problem | None = None


@dataclass(slots=True, kw_only=True)
class _Working:
    """One rule while it is applied. It keeps the steps so far, for the trace, if a transform refuses."""

    rule: ClaimRule
    source: str
    received: Values
    steps: list[tuple[str, Value]] = field(default_factory=list)

    def outcome(
        self, name: str, wanted: DesiredValue | None = None, problem: Problem | None = None
    ) -> _Outcome:
        trace = TraceStep(
            target=self.rule.target,
            source=self.source,
            received=self.received,
            steps=tuple(self.steps),
            outcome=name,
        )
        return _Outcome(target=self.rule.target, trace=trace, wanted=wanted, problem=problem)

    def refused(self, reason: RefusalReason, detail: str) -> _Outcome:
        problem = Problem(reason=reason, field=self.rule.target, detail=detail)
        return self.outcome(reason, problem=problem)


def _apply(rule: ClaimRule, values: Mapping[str, Values]) -> _Outcome:
    source, received = _first_source(rule.sources, values)
    work = _Working(rule=rule, source=source, received=received)
    try:
        result: Value = acceptable(received)
        for name, result in run_transforms(rule.transforms, received, values):
            work.steps.append((name, result))
    except ValueRefused as error:
        return work.refused(RefusalReason.INVALID_VALUE, _detail(source, str(error)))
    if isinstance(result, tuple):
        return _from_values(work, result)
    return work.outcome("value", DesiredValue(value=result, sync=rule.sync))


def _from_values(work: _Working, values: Values) -> _Outcome:
    rule = work.rule
    if values:
        return work.outcome("value", DesiredValue(value=values[0], sync=rule.sync))
    if rule.required:
        detail = _detail(", ".join(rule.sources), "no value")
        return work.refused(RefusalReason.REQUIRED_CLAIM_MISSING, detail)
    if rule.when_empty is WhenEmpty.CLEAR:
        return work.outcome("clear", DesiredValue(value="", sync=rule.sync))
    return work.outcome("keep")


def _first_source(sources: Sequence[str], values: Mapping[str, Values]) -> tuple[str, Values]:
    for source in sources:
        received = values.get(source, ())
        if any(value.strip() for value in received):
            return source, received
    return "", ()


def _detail(source: str, text: str) -> str:
    return f"{source}: {text}" if source else text


@dataclass(frozen=True, slots=True, kw_only=True)
class _Membership:
    """The result of the group rules."""

    wanted: frozenset[int] | None
    unknown: frozenset[int] = frozenset()
    rules: Mapping[int, GroupRule] = field(default_factory=dict)
    notes: tuple[Note, ...] = ()


def _match_groups(values: Mapping[str, Values], rules: Sequence[GroupRule]) -> _Membership:
    if not rules:
        return _Membership(wanted=None)
    if GROUPS_OVERAGE_CLAIM in values:
        everything = _groups(rules)
        return _Membership(wanted=None, unknown=everything, notes=(Note.GROUPS_OVERAGE,))
    # "Did not come" is not "is in none": an admin who stops sending a claim must not empty every group.
    silent = [rule for rule in rules if rule.claim not in values]
    notes = (Note.GROUPS_ABSENT,) if silent else ()
    if len(silent) == len(rules):
        return _Membership(wanted=None, unknown=_groups(rules), notes=notes)
    matching = {rule.group: rule for rule in reversed(_matching(values, rules))}
    wanted = frozenset(matching)
    return _Membership(
        wanted=wanted,
        unknown=_groups(silent) - wanted,
        rules=MappingProxyType(matching),
        notes=notes,
    )


def _matching(values: Mapping[str, Values], rules: Sequence[GroupRule]) -> list[GroupRule]:
    # Made once for each claim, not for each rule: people have hundreds of groups, tenants hundreds of rules.
    held = {name: {_without_guid_case(value) for value in values[name]} for name in values}
    return [rule for rule in rules if _without_guid_case(rule.value) in held.get(rule.claim, ())]


def _groups(rules: Iterable[GroupRule]) -> frozenset[int]:
    return frozenset(rule.group for rule in rules)


def _without_guid_case(value: str) -> str:
    return value.lower() if _GUID.fullmatch(value) else value
