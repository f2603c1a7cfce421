"""Map the claims about a person to the user fields and groups that the account should have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from jitprov.provisioning.groups import NO_TEXT, match_groups, without_guid_case
from jitprov.provisioning.parameters import UNSTORABLE
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.steps import check_transforms, ordinary_work, run_transforms
from jitprov.provisioning.transform_spec import (
    MAX_WORK,
    Budget,
    ValueRefused,
    Values,
    acceptable,
    trimmed,
)
from jitprov.provisioning.transforms import TRANSFORMS, claims_named
from jitprov.provisioning.types import (
    ClaimRule,
    Claims,
    DesiredUser,
    DesiredValue,
    GroupRule,
    Problem,
    RefusalReason,
    TraceStep,
    Value,
    WhenEmpty,
    WhenInvalid,
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

MAX_EXTERNAL_ID = 1024
"""Most characters of an anchor. A longer one counts as none, because cutting it could make two people one."""
MAX_RULES = 200
MAX_SOURCES = 10


def external_id_from(values: Mapping[str, Values], *, subject_claim: str, name_id: str = "") -> str:
    """Read the anchor from ``subject_claim``, or from the NameID where no claim is named.

    GUIDs are lower-cased, because directories change their minds about that; anything else stays as it
    is but for the white space of XML around it. Empty when there is none, or more than one: to choose would be to
    let whoever can add a value become somebody else. Pass no ``name_id`` that is transient: it never comes again.

    >>> external_id_from({"employee": ("4711",)}, subject_claim="employee", name_id="ann@acme.example")
    '4711'
    >>> external_id_from({"employee": ("4711", "4712")}, subject_claim="employee")
    ''
    """
    found = values.get(subject_claim, ()) if subject_claim else (name_id,)
    anchors = {without_guid_case(trimmed(value)) for value in found}
    if len(anchors) != 1:
        return ""
    anchor = anchors.pop()
    unfit = anchor.isspace() or len(anchor) > MAX_EXTERNAL_ID or UNSTORABLE.search(anchor)
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


def check_work(rules: Iterable[ClaimRule]) -> None:
    """Accept rows that together are done soon for ordinary values, or raise :class:`MappingError`.

    :func:`map_claims` does not ask this: what is saved already goes on as long as the values at hand allow it.
    """
    if sum(ordinary_work(rule.transforms) for rule in rules) > MAX_WORK:
        raise MappingError(MappingProblem.TOO_MUCH_WORK)


def map_claims(
    claims: Claims, rules: Sequence[ClaimRule], group_rules: Sequence[GroupRule]
) -> DesiredUser:
    """Return what the account should look like, with a trace of how each value came about.

    Each rule takes the first of its claims that has a value, and applies its transforms. If several values
    are left, the first is used. If none is left, the field is a problem (required), absent from ``fields``
    (``WhenEmpty.KEEP``) or wanted to be ``""`` (``WhenEmpty.CLEAR``), which the Django side turns into
    the empty value of that field: ``None`` where it may be NULL and holds no text. What a transform refuses is a
    problem, too, if the row is required or says so (``WhenInvalid``); otherwise it is in ``unfit``.

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
    budget = Budget()
    outcomes = [_apply(rule, claims, budget) for rule in rules]
    membership = match_groups(claims, group_rules, budget)
    return DesiredUser(
        claims=claims,
        fields=MappingProxyType(
            {item.target: item.wanted for item in outcomes if item.wanted is not None}
        ),
        groups=membership.wanted,
        unknown_groups=membership.unknown,
        group_rules=membership.rules,
        outside=membership.outside,
        active=claims.active,
        problems=(
            *(item.problem for item in outcomes if item.problem is not None),
            *membership.problems,
        ),
        unfit=tuple(item.unfit for item in outcomes if item.unfit is not None),
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
    unfit: Problem | None = None


@dataclass(slots=True, kw_only=True)
class _Working:
    """One rule while it is applied. It keeps the steps so far, for the trace, if a transform refuses."""

    rule: ClaimRule
    source: str
    received: Values
    steps: list[tuple[str, Value]] = field(default_factory=list)

    def outcome(
        self,
        name: str,
        wanted: DesiredValue | None = None,
        *,
        problem: Problem | None = None,
        unfit: Problem | None = None,
    ) -> _Outcome:
        trace = TraceStep(
            target=self.rule.target,
            source=self.source,
            received=self.received,
            steps=tuple(self.steps),
            outcome=name,
        )
        return _Outcome(
            target=self.rule.target, trace=trace, wanted=wanted, problem=problem, unfit=unfit
        )

    def wanted(self, value: Any) -> DesiredValue:
        return DesiredValue(value=value, sync=self.rule.sync, when_invalid=_when_invalid(self.rule))

    def refused(self, reason: RefusalReason, detail: str) -> _Outcome:
        problem = Problem(reason=reason, field=self.rule.target, detail=detail)
        return self.outcome(reason, problem=problem)

    def unfit(self, detail: str) -> _Outcome:
        """Return the outcome of a value that a transform does not accept."""
        when_invalid = _when_invalid(self.rule)
        if when_invalid is WhenInvalid.REFUSE:
            return self.refused(RefusalReason.INVALID_VALUE, detail)
        problem = Problem(reason=RefusalReason.INVALID_VALUE, field=self.rule.target, detail=detail)
        if when_invalid is WhenInvalid.CLEAR:
            return self.outcome("clear", self.wanted(""), unfit=problem)
        return self.outcome("keep", unfit=problem)


def _when_invalid(rule: ClaimRule) -> WhenInvalid:
    """Return what a value does that does not fit. Without a required one nobody comes in, whatever the row says."""
    return WhenInvalid.REFUSE if rule.required else rule.when_invalid


def _apply(rule: ClaimRule, claims: Claims, budget: Budget) -> _Outcome:
    values = claims.values
    source, received = _first_source(rule.sources, values)
    work = _Working(rule=rule, source=source, received=received)
    unreadable = [name for name in claims_read(rule) if name in claims.unreadable]
    if unreadable:
        return work.refused(RefusalReason.INVALID_VALUE, _detail(unreadable[0], NO_TEXT))
    try:
        result: Value = acceptable(received)
        for name, result in run_transforms(rule.transforms, received, values, budget):
            work.steps.append((name, result))
    except ValueRefused as error:
        detail = _detail(source, str(error))
        if budget.is_spent:
            return work.refused(RefusalReason.INVALID_VALUE, detail)
        return work.unfit(detail)
    if isinstance(result, tuple):
        return _from_values(work, result)
    return work.outcome("value", work.wanted(result))


def _from_values(work: _Working, values: Values) -> _Outcome:
    rule = work.rule
    if values:
        return work.outcome("value", work.wanted(values[0]))
    if rule.required:
        detail = _detail(", ".join(rule.sources), "no value")
        return work.refused(RefusalReason.REQUIRED_CLAIM_MISSING, detail)
    if rule.when_empty is WhenEmpty.CLEAR:
        return work.outcome("clear", work.wanted(""))
    return work.outcome("keep")


def claims_read(rule: ClaimRule) -> tuple[str, ...]:
    """Return the claims that a row reads: its own, and those that its templates name."""
    templates = [step.parameters["template"] for step in rule.transforms if step.name == "template"]
    return (*rule.sources, *(name for one in templates for name in claims_named(one)))


def _first_source(sources: Sequence[str], values: Mapping[str, Values]) -> tuple[str, Values]:
    for source in sources:
        received = values.get(source, ())
        if any(value.strip() for value in received):
            return source, received
    return "", ()


def _detail(source: str, text: str) -> str:
    return f"{source}: {text}" if source else text
