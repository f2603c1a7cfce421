from __future__ import annotations

import pytest

from jitprov.provisioning import transform_spec
from jitprov.provisioning.groups import GROUPS_OVERAGE_CLAIM
from jitprov.provisioning.mapping import (
    FORBIDDEN_TARGETS,
    MAX_RULES,
    MAX_SOURCES,
    check_rule,
    check_work,
    external_id_from,
    map_claims,
)
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.types import (
    ClaimRule,
    Claims,
    DesiredUser,
    DesiredValue,
    GroupRule,
    Note,
    Problem,
    RefusalReason,
    Source,
    SyncMode,
    TraceStep,
    Transform,
    Value,
    WhenEmpty,
    WhenInvalid,
)

GUID = "c4a5f1e0-0b1d-4c6e-9f3a-2b7d8e9fabcd"


def claims(values: dict[str, tuple[str, ...]], *, active: bool | None = None) -> Claims:
    return Claims(source=Source.SAML, external_id="mia", values=values, active=active)


def rule(
    *sources: str,
    target: str = "title",
    transforms: tuple[Transform, ...] = (),
    sync: SyncMode = SyncMode.ALWAYS,
    required: bool = False,
    when_empty: WhenEmpty = WhenEmpty.KEEP,
    when_invalid: WhenInvalid = WhenInvalid.KEEP,
) -> ClaimRule:
    return ClaimRule(
        sources=sources,
        target=target,
        transforms=transforms,
        sync=sync,
        required=required,
        when_empty=when_empty,
        when_invalid=when_invalid,
    )


def mapped(values: dict[str, tuple[str, ...]], *rules: ClaimRule) -> DesiredUser:
    return map_claims(claims(values), rules, ())


BOOLEAN = Transform(name="boolean")
INTEGER = Transform(name="integer")
LOWER = Transform(name="lower")
CONSTANT = Transform(name="constant", parameters={"value": "Guest"})
DEFAULT = Transform(name="default", parameters={"value": "Guest"})
FULL_NAME = Transform(name="template", parameters={"template": "{first} {last}"})


@pytest.mark.parametrize(
    ("values", "row", "expected"),
    [
        pytest.param({"job": ("Cook",)}, rule("job"), "Cook", id="a claim becomes a field"),
        pytest.param(
            {"a": ("1",), "b": ("2",)},
            rule("b", "a"),
            "2",
            id="the first claim that has a value wins",
        ),
        pytest.param(
            {"a": ("1",), "b": ()}, rule("b", "a"), "1", id="one that came empty has none"
        ),
        pytest.param(
            {"a": ("1",), "b": (" ",)}, rule("b", "a"), "1", id="one that is blank has none"
        ),
        pytest.param(
            {"job": ("Cook", "Baker")},
            rule("job"),
            "Cook",
            id="of several values the first is used",
        ),
        pytest.param({"job": (" Cook",)}, rule("job"), " Cook", id="nothing happens unasked"),
        pytest.param(
            {"job": ("COOK",)},
            rule("job", transforms=(LOWER,)),
            "cook",
            id="transforms are applied",
        ),
        pytest.param({"job": ("1",)}, rule("job", transforms=(BOOLEAN,)), True, id="a typed value"),
        pytest.param(
            {"job": ("0",)},
            rule("job", transforms=(BOOLEAN,), required=True),
            False,
            id="False is a value, even where one is required",
        ),
        pytest.param({"job": ("0",)}, rule("job", transforms=(INTEGER,)), 0, id="0 is a value"),
        pytest.param({}, rule(transforms=(CONSTANT,)), "Guest", id="a constant needs no claim"),
        pytest.param(
            {}, rule("job", transforms=(DEFAULT,), required=True), "Guest", id="a default is enough"
        ),
        pytest.param(
            {"first": ("Mia",), "last": ("Lund",)},
            rule(transforms=(FULL_NAME,)),
            "Mia Lund",
            id="a template reads other claims",
        ),
        pytest.param(
            {}, rule("job", when_empty=WhenEmpty.CLEAR), "", id="nothing clears, if asked"
        ),
        pytest.param(
            {"job": ("",)}, rule("job", when_empty=WhenEmpty.CLEAR), "", id="empty clears, if asked"
        ),
    ],
)
def test_a_field_gets_the_value_of_its_rule(
    values: dict[str, tuple[str, ...]], row: ClaimRule, expected: Value
) -> None:
    wanted = mapped(values, row)
    when_invalid = WhenInvalid.REFUSE if row.required else WhenInvalid.KEEP
    assert wanted.fields == {"title": DesiredValue(value=expected, when_invalid=when_invalid)}
    assert type(wanted.fields["title"].value) is type(expected)
    assert wanted.problems == ()


@pytest.mark.parametrize(
    ("values", "row"),
    [
        pytest.param({}, rule("job"), id="a claim that did not come"),
        pytest.param({"job": ()}, rule("job"), id="a claim that came empty"),
        pytest.param({"Job": ("Cook",)}, rule("job"), id="a claim whose name differs in case"),
        pytest.param(
            {"urn:x:job": ("Cook",)}, rule("job"), id="a claim whose name only ends like it"
        ),
        pytest.param(
            {"first": ("Mia",)}, rule(transforms=(FULL_NAME,)), id="a template with a claim missing"
        ),
    ],
)
def test_a_claim_without_a_value_leaves_the_field_alone(
    values: dict[str, tuple[str, ...]], row: ClaimRule
) -> None:
    wanted = mapped(values, row)
    assert wanted.fields == {}
    assert wanted.problems == ()
    assert wanted.trace[0].outcome == "keep"


@pytest.mark.parametrize(
    ("values", "row", "reason", "detail"),
    [
        pytest.param(
            {},
            rule("job", "role", required=True, when_empty=WhenEmpty.CLEAR),
            RefusalReason.REQUIRED_CLAIM_MISSING,
            "job, role: no value",
            id="a required claim did not come",
        ),
        pytest.param(
            {"job": (" ",)},
            rule("job", required=True),
            RefusalReason.REQUIRED_CLAIM_MISSING,
            "job: no value",
            id="a required claim is blank",
        ),
        pytest.param(
            {"job": ("Cook",)},
            rule(
                "job",
                required=True,
                transforms=(Transform(name="regex_extract", parameters={"pattern": "[0-9]+"}),),
            ),
            RefusalReason.REQUIRED_CLAIM_MISSING,
            "job: no value",
            id="the transforms left nothing of a required claim",
        ),
        pytest.param(
            {},
            rule(transforms=(FULL_NAME,), required=True),
            RefusalReason.REQUIRED_CLAIM_MISSING,
            "no value",
            id="a required template has a claim missing",
        ),
        pytest.param(
            {"job": ("Cook",)},
            rule("job", transforms=(LOWER, BOOLEAN), when_invalid=WhenInvalid.REFUSE),
            RefusalReason.INVALID_VALUE,
            "job: boolean: the value is none of true, false, 1, 0, yes, no",
            id="a transform cannot read a value",
        ),
        pytest.param(
            {"job": ("x" * 5000,)},
            rule("job", when_invalid=WhenInvalid.REFUSE),
            RefusalReason.INVALID_VALUE,
            "job: a value has more than 4096 characters",
            id="a value is too long to be looked at",
        ),
        *(
            pytest.param(
                {"job": ("Cook",)},
                rule("job", transforms=(BOOLEAN,), required=True, when_invalid=choice),
                RefusalReason.INVALID_VALUE,
                "job: boolean: the value is none of true, false, 1, 0, yes, no",
                id=f"a required value that is refused, with the choice to {choice}",
            )
            for choice in WhenInvalid
        ),
    ],
)
def test_a_value_that_is_missing_or_refused_is_a_problem(
    values: dict[str, tuple[str, ...]], row: ClaimRule, reason: RefusalReason, detail: str
) -> None:
    wanted = mapped(values, row)
    assert wanted.problems == (Problem(reason=reason, field="title", detail=detail),)
    assert wanted.fields == {}
    assert wanted.trace[0].outcome == reason


UNREADABLE = Problem(
    reason=RefusalReason.INVALID_VALUE,
    field="title",
    detail="job: boolean: the value is none of true, false, 1, 0, yes, no",
)


def test_an_optional_value_that_a_transform_refuses_is_left_out() -> None:
    wanted = mapped({"job": ("Cook",)}, rule("job", transforms=(BOOLEAN,)))
    assert (wanted.problems, wanted.unfit) == ((), (UNREADABLE,))
    assert wanted.fields == {}
    assert wanted.trace[0].outcome == "keep"
    assert wanted.unfit_of("title") == UNREADABLE
    assert wanted.unfit_of("first_name") is None


def test_a_value_that_a_transform_refuses_clears_the_field_where_its_row_says_so() -> None:
    row = rule("job", transforms=(BOOLEAN,), sync=SyncMode.IF_EMPTY, when_invalid=WhenInvalid.CLEAR)
    wanted = mapped({"job": ("Cook",)}, row)
    assert (wanted.problems, wanted.unfit) == ((), (UNREADABLE,))
    assert wanted.fields["title"] == DesiredValue(
        value="", sync=SyncMode.IF_EMPTY, when_invalid=WhenInvalid.CLEAR
    )
    assert wanted.trace[0].outcome == "clear"


@pytest.mark.parametrize("when_invalid", WhenInvalid)
@pytest.mark.parametrize("required", [True, False])
def test_the_choice_about_values_that_do_not_fit_is_passed_on(
    when_invalid: WhenInvalid, required: bool
) -> None:
    wanted = mapped({"job": ("Cook",)}, rule("job", required=required, when_invalid=when_invalid))
    passed_on = WhenInvalid.REFUSE if required else when_invalid
    assert wanted.fields["title"].when_invalid is passed_on


def test_the_sync_mode_is_passed_on() -> None:
    wanted = mapped(
        {"a": ("x",)},
        rule("a", target="a", sync=SyncMode.ON_CREATE),
        rule("b", target="b", sync=SyncMode.IF_EMPTY, when_empty=WhenEmpty.CLEAR),
        rule("a", target="c", sync=SyncMode.IF_EMPTY),
    )
    assert {name: item.sync for name, item in wanted.fields.items()} == {
        "a": SyncMode.ON_CREATE,
        "b": SyncMode.IF_EMPTY,
        "c": SyncMode.IF_EMPTY,
    }


@pytest.mark.parametrize("active", [None, True, False])
def test_the_opinion_of_the_source_is_passed_on(active: bool | None) -> None:
    said = claims({}, active=active)
    assert map_claims(said, (), ()) == DesiredUser(claims=said, active=active)


def test_the_trace_says_how_each_value_came_about() -> None:
    wanted = mapped(
        {"job": ("COOK", "BAKER")},
        rule("role", "job", transforms=(LOWER, Transform(name="last"))),
        rule("job", target="cooks", transforms=(LOWER, BOOLEAN), required=True),
        rule("role", target="role", when_empty=WhenEmpty.CLEAR),
    )
    assert wanted.trace == (
        TraceStep(
            target="title",
            source="job",
            received=("COOK", "BAKER"),
            steps=(("lower", ("cook", "baker")), ("last", ("baker",))),
            outcome="value",
        ),
        TraceStep(
            target="cooks",
            source="job",
            received=("COOK", "BAKER"),
            steps=(("lower", ("cook", "baker")),),
            outcome="invalid_value",
        ),
        TraceStep(target="role", source="", received=(), outcome="clear"),
    )


@pytest.mark.parametrize("target", sorted(FORBIDDEN_TARGETS))
def test_a_forbidden_target_is_refused(target: str) -> None:
    with pytest.raises(MappingError, match=f"^{target} can never be written"):
        mapped({"job": ("1",)}, rule("job", target=target))


def test_no_mapping_writes_rights_passwords_or_keys() -> None:
    assert {
        "password",
        "pk",
        "is_superuser",
        "is_staff",
        "is_active",
        "user_permissions",
        "groups",
    } <= FORBIDDEN_TARGETS


@pytest.mark.parametrize(
    ("rows", "problem"),
    [
        pytest.param([rule("a", target="")], "name of a user field", id="no target"),
        pytest.param(
            [rule("a", target="a b")], "name of a user field", id="a target that is no name"
        ),
        pytest.param([rule("a", target="_state")], "name of a user field", id="something private"),
        pytest.param(
            [rule("a", target="profile__is_staff")],
            "name of a user field",
            id="another table's field",
        ),
        pytest.param([rule()], "without a claim", id="neither claim nor constant"),
        pytest.param(
            [rule(transforms=(LOWER,))], "without a claim", id="no claim, and nothing made"
        ),
        pytest.param(
            [rule(*("a",) * (MAX_SOURCES + 1))], "claims in one row", id="too many claims"
        ),
        pytest.param([rule("a"), rule("b")], "same target", id="two rows for one field"),
        pytest.param(
            [rule("a", target=f"f{n}") for n in range(MAX_RULES + 1)],
            "more than",
            id="too many rows",
        ),
        pytest.param(
            [rule("a", transforms=(Transform(name="eval"),))],
            "no such transform",
            id="no such transform",
        ),
    ],
)
def test_invalid_rows_are_refused(rows: list[ClaimRule], problem: str) -> None:
    with pytest.raises(MappingError, match=problem):
        mapped({}, *rows)


def test_one_row_can_be_checked_by_itself() -> None:
    check_rule(rule("job", transforms=(LOWER, BOOLEAN)))
    check_rule(rule(transforms=(FULL_NAME,)))


STAFF, EDITORS = 1, 2
DEPARTMENTS, ROLES = "departments", "roles"


def group(claim: str, value: str, pk: int = STAFF) -> GroupRule:
    return GroupRule(claim=claim, value=value, group=pk)


@pytest.mark.parametrize(
    ("values", "rules", "groups", "unknown", "notes"),
    [
        pytest.param(
            {DEPARTMENTS: ("Ops",)},
            [],
            None,
            set(),
            (),
            id="no rules: no opinion, and nothing to note",
        ),
        pytest.param(
            {GROUPS_OVERAGE_CLAIM: ("https://x",)}, [], None, set(), (), id="nor of an overage then"
        ),
        pytest.param(
            {DEPARTMENTS: ("Dev", "Ops")},
            [group(DEPARTMENTS, "Ops")],
            {STAFF},
            set(),
            (),
            id="a match",
        ),
        pytest.param(
            {DEPARTMENTS: ("ops",)},
            [group(DEPARTMENTS, "Ops")],
            set(),
            set(),
            (Note.GROUPS_UNMATCHED,),
            id="case matters",
        ),
        pytest.param(
            {DEPARTMENTS: ("Ops EU",)},
            [group(DEPARTMENTS, "Ops")],
            set(),
            set(),
            (Note.GROUPS_UNMATCHED,),
            id="all of it matters",
        ),
        pytest.param(
            {DEPARTMENTS: (GUID.upper(),)},
            [group(DEPARTMENTS, GUID)],
            {STAFF},
            set(),
            (),
            id="the case of GUIDs does not",
        ),
        pytest.param(
            {DEPARTMENTS: (GUID.upper() + "x",)},
            [group(DEPARTMENTS, GUID + "x")],
            set(),
            set(),
            (Note.GROUPS_UNMATCHED,),
            id="unless it only begins like one",
        ),
        pytest.param(
            {DEPARTMENTS: ()},
            [group(DEPARTMENTS, "Ops")],
            set(),
            set(),
            (),
            id="a claim that came empty: known to be in none",
        ),
        pytest.param(
            {ROLES: ("Ops",)},
            [group(DEPARTMENTS, "Ops")],
            None,
            {STAFF},
            (Note.GROUPS_ABSENT,),
            id="no claim came: no opinion",
        ),
        pytest.param(
            {ROLES: ("Editor",)},
            [group(DEPARTMENTS, "Ops"), group(ROLES, "Editor", EDITORS)],
            {EDITORS},
            {STAFF},
            (Note.GROUPS_ABSENT,),
            id="one claim did not come: its group is unknown",
        ),
        pytest.param(
            {ROLES: ("Staff",)},
            [group(DEPARTMENTS, "Ops"), group(ROLES, "Staff")],
            {STAFF},
            set(),
            (Note.GROUPS_ABSENT,),
            id="a group named by two rules: one match is enough",
        ),
        pytest.param(
            {ROLES: ("Cook",)},
            [group(DEPARTMENTS, "Ops"), group(ROLES, "Staff")],
            set(),
            {STAFF},
            (Note.GROUPS_ABSENT, Note.GROUPS_UNMATCHED),
            id="a group named by two rules: no match, but one is unknown",
        ),
        pytest.param(
            {GROUPS_OVERAGE_CLAIM: ("https://x",), ROLES: ("Staff",)},
            [group(DEPARTMENTS, "Ops"), group(ROLES, "Staff", EDITORS)],
            None,
            {STAFF, EDITORS},
            (Note.GROUPS_OVERAGE,),
            id="too many groups for Entra to send: all groups are left alone",
        ),
    ],
)
def test_groups_follow_the_values_of_their_claims(
    values: dict[str, tuple[str, ...]],
    rules: list[GroupRule],
    groups: set[int] | None,
    unknown: set[int],
    notes: tuple[Note, ...],
) -> None:
    wanted = map_claims(claims(values), (), rules)
    assert wanted.groups == groups
    assert wanted.unknown_groups == unknown
    assert wanted.notes == notes


@pytest.mark.parametrize(
    ("values", "claim", "name_id", "expected"),
    [
        pytest.param({}, "", "Mia@Acme.example", "Mia@Acme.example", id="the NameID, verbatim"),
        pytest.param({"oid": ("x1",)}, "oid", "mia", "x1", id="a claim goes before the NameID"),
        pytest.param({"oid": (" x1\n",)}, "oid", "", "x1", id="without surrounding white space"),
        pytest.param({"oid": (GUID.upper(),)}, "oid", "", GUID, id="a GUID in lower case"),
        pytest.param({}, "", GUID.upper(), GUID, id="a GUID as NameID too"),
        pytest.param({"oid": ("x1", "x1 ")}, "oid", "", "x1", id="the same value twice is one"),
        pytest.param(
            {}, "oid", "mia", "", id="never the NameID in place of a claim that did not come"
        ),
        pytest.param({"oid": ()}, "oid", "mia", "", id="nor of one that came empty"),
        pytest.param({"OID": ("x1",)}, "oid", "", "", id="the claim's name differs in case"),
        pytest.param({"oid": ("x1", "x2")}, "oid", "", "", id="two anchors are none"),
        pytest.param({"oid": ("x1", "")}, "oid", "", "", id="an anchor and a blank are none"),
        pytest.param({"oid": ("x\x00",)}, "oid", "", "", id="what cannot be stored is none"),
        pytest.param({"oid": ("x" * 1025,)}, "oid", "", "", id="nor is what would have to be cut"),
        pytest.param({}, "", "", "", id="no NameID"),
        pytest.param({}, "", " ", "", id="a blank NameID"),
    ],
)
def test_the_anchor_is_one_value_or_none(
    values: dict[str, tuple[str, ...]], claim: str, name_id: str, expected: str
) -> None:
    assert external_id_from(values, subject_claim=claim, name_id=name_id) == expected


@pytest.mark.parametrize(
    "reads",
    [
        rule("nick"),
        rule("title", "nick"),
        rule(
            "title",
            transforms=(Transform(name="template", parameters={"template": "{title} {nick}"}),),
        ),
        rule(transforms=(Transform(name="template", parameters={"template": "{nick}"}),)),
    ],
    ids=["its only claim", "its second claim", "beside another", "in a template"],
)
def test_a_row_that_reads_a_claim_that_is_no_text_is_refused(reads: ClaimRule) -> None:
    said = Claims(
        source=Source.SAML,
        external_id="mia",
        values={"nick": ("victim",), "title": ("Dr",)},
        unreadable=frozenset({"nick"}),
    )
    desired = map_claims(said, [reads, rule("title", target="last_name")], ())
    [problem] = desired.problems
    assert (problem.reason, problem.field) == (RefusalReason.INVALID_VALUE, "title")
    assert problem.detail.startswith("nick: ")
    assert "victim" not in problem.detail
    assert list(desired.fields) == ["last_name"]


def test_a_group_rule_that_reads_a_claim_that_is_no_text_is_refused() -> None:
    said = Claims(
        source=Source.SAML,
        external_id="mia",
        values={"role": ("admin",), "team": ("ops",)},
        unreadable=frozenset({"role"}),
    )
    rules = [
        GroupRule(claim="role", value="admin", group=1),
        GroupRule(claim="team", value="ops", group=2),
    ]
    [problem] = map_claims(said, (), rules).problems
    assert (problem.reason, problem.field) == (RefusalReason.INVALID_VALUE, "groups")
    assert map_claims(said, (), rules[1:]).problems == ()


@pytest.mark.parametrize("space", ["\u00a0", "\u2003", "\u3000", "\x1f", "\u0085", "\u200b"])
def test_an_anchor_loses_no_more_than_the_white_space_of_xml(space: str) -> None:
    spaced = f"{space}4711{space}"
    assert external_id_from({"id": (f" \t{spaced}\r\n",)}, subject_claim="id") == spaced
    assert external_id_from({"id": ("4711", spaced)}, subject_claim="id") == ""
    if space.isspace():
        assert external_id_from({"id": (space,)}, subject_claim="id") == ""


# The work of a whole mapping


def extracting(*patterns: str) -> tuple[Transform, ...]:
    return tuple(
        Transform(name="regex_extract", parameters={"pattern": one, "group": 0}) for one in patterns
    )


def rows_of(count: int, *patterns: str) -> list[ClaimRule]:
    return [
        rule("name", target=f"field_{number}", transforms=extracting(*patterns))
        for number in range(count)
    ]


def all_work_of(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Collect the work of each step that is done."""
    done: list[int] = []
    spend = transform_spec.Budget.spend

    def counted(budget: transform_spec.Budget, work: int) -> None:
        spend(budget, work)
        done.append(work)

    monkeypatch.setattr(transform_spec.Budget, "spend", counted)
    return done


@pytest.mark.parametrize(
    ("count", "patterns", "values"),
    [
        pytest.param(4, [r"^\w*\w*"] * 10, ("a" * 1500,), id="four rows of ten"),
        pytest.param(200, [".*x|."] * 10, ("a" * 128,) * 8, id="as many as there may be"),
        pytest.param(20, ["^(?:a|b)*"] * 10, ("ab" * 100,) * 1000, id="many values"),
        pytest.param(200, ["^a"] * 10, ("a",), id="many short ones"),
    ],
)
def test_the_work_of_all_rows_together_is_bounded(
    count: int, patterns: list[str], values: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    done = all_work_of(monkeypatch)

    desired = map_claims(claims({"name": values}), rows_of(count, *patterns), [])

    assert sum(done) <= transform_spec.MAX_WORK
    assert len(done) < count * len(patterns)
    assert {problem.reason for problem in desired.problems} == {RefusalReason.INVALID_VALUE}


def test_steps_without_a_pattern_use_the_budget_too(monkeypatch: pytest.MonkeyPatch) -> None:
    done = all_work_of(monkeypatch)
    rows = [rule("name", target=f"f_{number}", transforms=(LOWER,) * 10) for number in range(200)]

    desired = map_claims(claims({"name": ("A" * 256,) * 1000}), rows, [])

    assert sum(done) <= transform_spec.MAX_WORK
    assert desired.problems[0].detail == (
        "name: the values are too many or too long for the steps of all rows"
    )


def test_the_budget_is_the_same_for_each_person() -> None:
    rows = rows_of(4, *["^[a-z]+"] * 10)

    for _ in range(20):
        assert not map_claims(claims({"name": ("ann",)}), rows, []).problems


def test_a_mapping_that_is_done_soon_is_accepted() -> None:
    check_work(rows_of(50, "^([^@]+)@", "^(.{1,30})"))
    check_work(rows_of(5, r"^(.*), (.*) \((.*)\)$"))


@pytest.mark.parametrize(
    ("count", "patterns"),
    [
        pytest.param(4, ["(.*)@(.*)"] * 10, id="four rows of ten"),
        pytest.param(12, ["(.*)@(.*)"], id="twelve rows of one"),
        pytest.param(60, ["^a"] * 10, id="more than are kept compiled"),
    ],
)
def test_a_mapping_that_may_take_too_long_is_refused_as_a_whole(
    count: int, patterns: list[str]
) -> None:
    rows = rows_of(count, *patterns)
    for one in rows:
        check_rule(one)

    with pytest.raises(MappingError, match="of all rows together may take too long") as caught:
        check_work(rows)
    assert caught.value.problem is MappingProblem.TOO_MUCH_WORK


def test_a_mapping_that_is_saved_already_goes_on_with_values_that_are_short() -> None:
    rows = rows_of(12, "(.*)@(.*)")
    with pytest.raises(MappingError):
        check_work(rows)

    desired = map_claims(claims({"name": ("ann@acme.example",)}), rows, [])

    assert not desired.problems
