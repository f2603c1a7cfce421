"""Group mappings with steps, for everybody, and those by which alone people may come in."""

from __future__ import annotations

from typing import Any

import pytest

from jitprov.provisioning.decide import decide
from jitprov.provisioning.groups import (
    GROUPS_OVERAGE_CLAIM,
    MAX_UNMATCHED,
    check_group_rule,
    match_groups,
    unmatched_values,
)
from jitprov.provisioning.mapping import map_claims
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.transform_spec import Budget
from jitprov.provisioning.types import (
    Claims,
    GroupRule,
    Note,
    Policy,
    RefusalReason,
    Refuse,
    Source,
    Transform,
)

STAFF, EDITORS, EVERYBODY = 1, 2, 3
SPLIT = Transform(name="split", parameters={"separator": ","})
COMMON_NAME = Transform(name="regex_extract", parameters={"pattern": r"^CN=([^,]+)", "group": 1})
OVERAGE = {GROUPS_OVERAGE_CLAIM: ("https://x",)}
FOR_ALL = GroupRule(claim="*", value="", group=EVERYBODY, everybody=True)


def rule(value: str, group: int | None = STAFF, claim: str = "groups", **more: Any) -> GroupRule:
    return GroupRule(claim=claim, value=value, group=group, **more)


def said(**values: tuple[str, ...]) -> Claims:
    return Claims(source=Source.SAML, external_id="mia", values=values)


def matched(values: dict[str, tuple[str, ...]], *rules: GroupRule) -> Any:
    return match_groups(said(**values), rules, Budget())


# Steps


def test_a_list_in_one_value_is_taken_apart() -> None:
    rules = [
        rule("Admins", STAFF, transforms=(SPLIT,)),
        rule("Owners", EDITORS, transforms=(SPLIT,)),
    ]
    assert matched({"groups": ("Admins,Owners",)}, *rules).wanted == {STAFF, EDITORS}
    assert matched({"groups": ("Admins", "Guests")}, *rules).wanted == {STAFF}


def test_a_distinguished_name_is_read() -> None:
    name = "CN=Admins,OU=Groups,DC=acme,DC=example"
    found = matched({"groups": (name,)}, rule("Admins", transforms=(COMMON_NAME,)))
    assert (found.wanted, found.notes) == ({STAFF}, ())


def test_rows_with_and_without_steps_stand_side_by_side() -> None:
    rules = [rule("a,b", STAFF), rule("a", EDITORS, transforms=(SPLIT,))]
    assert matched({"groups": ("a,b",)}, *rules).wanted == {STAFF, EDITORS}


@pytest.mark.parametrize("name", ["boolean", "integer", "date", "constant", "default", "template"])
def test_a_step_that_makes_something_else_of_a_value_or_one_that_nobody_sent_is_refused(
    name: str,
) -> None:
    parameters: Any = {
        "date": {"formats": ["%d.%m.%Y"]},
        "constant": {"value": "Admins"},
        "default": {"value": "Admins"},
        "template": {"template": "{groups}"},
    }.get(name, {})
    wrong = rule("Admins", transforms=(Transform(name=name, parameters=parameters),))
    with pytest.raises(MappingError):
        check_group_rule(wrong)
    with pytest.raises(MappingError):
        map_claims(said(groups=("x",)), (), [wrong])


def test_a_value_that_a_step_refuses_is_a_problem_of_the_groups() -> None:
    known = Transform(name="table", parameters={"table": {"a": "A"}, "unknown": "refuse"})
    desired = map_claims(said(groups=("b",)), (), [rule("A", transforms=(known,))])
    [problem] = desired.problems
    assert (problem.reason, problem.field) == (RefusalReason.INVALID_VALUE, "groups")
    assert decide(desired, None, Policy()).reason == "invalid_value"  # type: ignore[union-attr]


def test_the_work_of_all_steps_of_groups_is_bounded() -> None:
    slow = tuple(
        Transform(name="regex_extract", parameters={"pattern": rf"^\w*\w*{number}?"})
        for number in range(10)
    )
    rules = [rule(str(number), transforms=slow[: number % 9 + 1]) for number in range(200)]
    desired = map_claims(said(groups=("a" * 1500,) * 50), (), rules)
    assert {problem.field for problem in desired.problems} == {"groups"}


def test_without_steps_a_person_may_be_in_as_many_groups_as_come() -> None:
    many = tuple(f"g{number}" for number in range(5000))
    found = matched({"groups": (*many, "x" * 5000, "\x00", "Admins")}, rule("Admins"))
    assert (found.wanted, found.problems) == ({STAFF}, ())


# What matched nothing


@pytest.mark.parametrize(
    ("values", "note"),
    [
        pytest.param(("Guests", "Visitors"), True, id="none of the values"),
        pytest.param(("Guests", "Admins"), False, id="one of the values"),
        pytest.param((), False, id="no value"),
    ],
)
def test_values_that_match_no_row_are_noted(values: tuple[str, ...], note: bool) -> None:
    found = matched({"groups": values}, rule("Admins"))
    assert (Note.GROUPS_UNMATCHED in found.notes) is note


def test_values_that_match_no_row_are_kept_for_whoever_maps_and_bounded() -> None:
    many = tuple(f"g{number:03}" for number in range(200))
    claims = said(groups=(*many, "Admins"), role=("Cook",))
    assert dict(unmatched_values(claims, [rule("Admins")])) == {"groups": many[:MAX_UNMATCHED]}


# For everybody


@pytest.mark.parametrize(
    ("values", "rules", "wanted", "unknown"),
    [
        pytest.param({}, [FOR_ALL], {EVERYBODY}, set(), id="alone"),
        pytest.param({}, [FOR_ALL, rule("a")], {EVERYBODY}, {STAFF}, id="beside a silent claim"),
        pytest.param(OVERAGE, [FOR_ALL, rule("a")], {EVERYBODY}, {STAFF}, id="with too many"),
        pytest.param(
            {"groups": ("a",)}, [rule("a"), FOR_ALL], {STAFF, EVERYBODY}, set(), id="and a match"
        ),
    ],
)
def test_a_group_for_everybody_is_given_whatever_came(
    values: dict[str, tuple[str, ...]],
    rules: list[GroupRule],
    wanted: set[int],
    unknown: set[int],
) -> None:
    found = matched(values, *rules)
    assert (found.wanted, found.unknown) == (wanted, unknown)


# Who may come in


@pytest.mark.parametrize(
    ("values", "rules", "outside"),
    [
        pytest.param({"groups": ("a",)}, [rule("a")], False, id="no row says so"),
        pytest.param({"groups": ("a",)}, [rule("a", admits=True)], False, id="a member"),
        pytest.param({"groups": ("a",)}, [rule("a", None, admits=True)], False, id="without group"),
        pytest.param({"groups": ("b",)}, [rule("a", admits=True)], True, id="no member"),
        pytest.param(
            {"groups": ("b",)},
            [rule("a", admits=True), rule("b")],
            True,
            id="a member of a group that does not admit",
        ),
        pytest.param(
            {"groups": ("b",)},
            [rule("a", admits=True), rule("b", admits=True)],
            False,
            id="a member of one of several",
        ),
        pytest.param({"groups": ()}, [rule("a", admits=True)], True, id="in no group"),
        pytest.param({}, [rule("a", admits=True)], True, id="the claim did not come"),
        pytest.param(OVERAGE, [rule("a", admits=True)], True, id="too many groups to send"),
        pytest.param(
            {**OVERAGE, "groups": ("a",)}, [rule("a", admits=True)], True, id="both, which is odd"
        ),
        pytest.param({}, [FOR_ALL, rule("a", admits=True)], True, id="a group for everybody"),
        pytest.param(
            {"groups": ("x,a",)},
            [rule("a", admits=True, transforms=(SPLIT,))],
            False,
            id="a member by a step",
        ),
    ],
)
def test_nobody_comes_in_of_whom_it_is_not_known_that_they_may(
    values: dict[str, tuple[str, ...]], rules: list[GroupRule], outside: bool
) -> None:
    desired = map_claims(said(**values), (), rules)
    assert desired.outside is outside
    decision = decide(desired, None, Policy())
    assert (decision == Refuse(reason=RefusalReason.GROUP_REQUIRED)) is outside


def test_rows_that_give_no_group_leave_groups_alone() -> None:
    found = matched({"groups": ("a",)}, rule("a", None, admits=True))
    assert (found.wanted, found.unknown) == (None, frozenset())
