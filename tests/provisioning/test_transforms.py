from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from jitprov.provisioning.steps import parse_transforms, run_transforms
from jitprov.provisioning.transform_spec import (
    MAX_VALUE_LENGTH,
    ValueRefused,
)
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.provisioning.types import Value

CLAIMS: Mapping[str, tuple[str, ...]] = {
    "givenname": ("Mia", "Maria"),
    "surname": ("Lund",),
    "nickname": (),
    "initials": (" ",),
    "urn:oid:2.5.4.4": ("Lund",),
    "huge": ("x" * (MAX_VALUE_LENGTH + 1),),
}


def step(name: str, **parameters: object) -> dict[str, object]:
    return {"name": name, **parameters}


def run(*steps: dict[str, object], values: tuple[str, ...]) -> Value:
    told = list(run_transforms(parse_transforms(list(steps)), values, CLAIMS))
    return told[-1][1]


CASES = [
    pytest.param([step("strip")], (" a ", "b"), ("a", "b"), id="strip: each value"),
    pytest.param([step("lower")], ("A", "Bc"), ("a", "bc"), id="lower: each value"),
    pytest.param([step("upper")], ("a", "ß"), ("A", "SS"), id="upper: each value"),
    pytest.param(
        [step("title")], ("anne-marie o'neill",), ("Anne-Marie O'Neill",), id="title: each word"
    ),
    pytest.param(
        [step("split", separator=";")],
        ("a; b;;c", "d"),
        ("a", "b", "c", "d"),
        id="split: each value, parts stripped, empty ones dropped",
    ),
    pytest.param([step("join")], ("a", "b"), ("a b",), id="join: a space by default"),
    pytest.param([step("join", separator="")], ("a", "b"), ("ab",), id="join: with nothing"),
    pytest.param([step("first")], ("a", "b"), ("a",), id="first"),
    pytest.param([step("last")], ("a", "b"), ("b",), id="last"),
    pytest.param(
        [step("regex_extract", pattern="^([^@]+)@(.+)")],
        ("mia@acme.example", "nobody"),
        ("mia",),
        id="regex_extract: the first group; what does not match is dropped",
    ),
    pytest.param(
        [step("regex_extract", pattern="^([^@]+)@(.+)", group=2)],
        ("mia@acme.example",),
        ("acme.example",),
        id="regex_extract: the group that was asked for",
    ),
    pytest.param(
        [step("regex_extract", pattern="^([^@]+)@", group=0)],
        ("mia@acme.example",),
        ("mia@",),
        id="regex_extract: group 0 is the whole match",
    ),
    pytest.param(
        [step("regex_extract", pattern="[0-9]+")],
        ("no 4711",),
        ("4711",),
        id="regex_extract: the whole match of a pattern without groups",
    ),
    pytest.param(
        [step("regex_extract", pattern="a|(b)")],
        ("a",),
        (),
        id="regex_extract: a group that took no part makes nothing",
    ),
    pytest.param(
        [step("replace", old="a", new="o")],
        ("papa", "b"),
        ("popo", "b"),
        id="replace: wherever",
    ),
    pytest.param(
        [step("replace", old="pa")],
        ("papa", "pab"),
        ("b",),
        id="replace: by nothing, by default",
    ),
    pytest.param(
        [step("replace", old=".*", new="x")],
        ("a.*",),
        ("ax",),
        id="replace: no pattern, plain text",
    ),
    pytest.param(
        [step("table", table={"DE": "Germany"})],
        ("DE", "de"),
        ("Germany", "de"),
        id="table: exact; unknown values are kept by default",
    ),
    pytest.param(
        [step("table", table={"DE": "Germany"}, unknown="empty")],
        ("DE", "FR"),
        ("Germany",),
        id="table: unknown values are dropped if asked",
    ),
    pytest.param(
        [step("table", table={"DE": "Germany"}, unknown="refuse")],
        ("DE",),
        ("Germany",),
        id="table: known values are not refused",
    ),
    pytest.param(
        [step("template", template="{givenname} {surname}")],
        ("ignored",),
        ("Mia Lund",),
        id="template: the first value of each claim, whatever came before",
    ),
    pytest.param(
        [step("template", template="{urn:oid:2.5.4.4}")],
        (),
        ("Lund",),
        id="template: a claim's URI",
    ),
    pytest.param(
        [step("template", template="{{{surname}}} 100%")],
        (),
        ("{Lund} 100%",),
        id="template: doubled braces are braces",
    ),
    pytest.param(
        [step("template", template="{surname.__class__}{0}")],
        ("x",),
        (),
        id="template: a name is a key and nothing more",
    ),
    pytest.param(
        [step("template", template="{nickname}@acme.example")],
        ("x",),
        (),
        id="template: a claim without a value makes all of it empty",
    ),
    pytest.param(
        [step("template", template="{initials}.{surname}")],
        ("x",),
        (),
        id="template: so does a claim with a blank value",
    ),
    pytest.param(
        [step("template", template="{unheard of}")],
        ("x",),
        (),
        id="template: so does one unheard of",
    ),
    pytest.param([step("integer")], (" -42 ", "x"), -42, id="integer: the first value"),
    pytest.param([step("date")], ("2026-03-02",), date(2026, 3, 2), id="date: ISO by default"),
    pytest.param(
        [step("date")],
        ("2026-03-02T23:30:00.0000000Z",),
        date(2026, 3, 2),
        id="date: a moment is the day that is written there",
    ),
    pytest.param(
        [step("date", formats=["%d.%m.%Y", "%m/%d/%y"])],
        ("03/02/26",),
        date(2026, 3, 2),
        id="date: the first format that fits",
    ),
    pytest.param(
        [step("date", formats=[])],
        ("2026-03-02",),
        date(2026, 3, 2),
        id="date: no formats is ISO",
    ),
    pytest.param([step("constant", value="x")], ("a", "b"), ("x",), id="constant: always"),
    pytest.param([step("constant", value="x")], (), ("x",), id="constant: of nothing too"),
    pytest.param([step("default", value="x")], (), ("x",), id="default: of nothing"),
    pytest.param([step("default", value="x")], ("a",), ("a",), id="default: not of something"),
    pytest.param([step("default", value="x")], (" ", ""), ("x",), id="default: blank is nothing"),
    pytest.param(
        [step("lower"), step("split", separator=","), step("last"), step("title")],
        ("MIA,LUND",),
        ("Lund",),
        id="in the order in which they were put",
    ),
    pytest.param(
        [step("default", value="no"), step("boolean")], (), False, id="a default becomes typed"
    ),
]


@pytest.mark.parametrize(("steps", "values", "expected"), CASES)
def test_transforms_make_their_values(
    steps: list[dict[str, object]], values: tuple[str, ...], expected: Value
) -> None:
    assert run(*steps, values=values) == expected


def test_every_transform_has_a_case() -> None:
    tested = {one["name"] for case in CASES for one in case.values[0]}  # type: ignore[union-attr]

    assert tested == set(TRANSFORMS)


@pytest.mark.parametrize("word", ["true", "True", "TRUE", "1", "yes", " Yes "])
def test_boolean_reads_true(word: str) -> None:
    assert run(step("boolean"), values=(word, "nonsense")) is True


@pytest.mark.parametrize("word", ["false", "False", "FALSE", "0", "no", " No "])
def test_boolean_reads_false(word: str) -> None:
    assert run(step("boolean"), values=(word,)) is False


EXAMPLES: dict[str, dict[str, object]] = {
    "split": {"separator": ","},
    "regex_extract": {"pattern": "x"},
    "replace": {"old": "x"},
    "table": {"table": {"a": "b"}, "unknown": "refuse"},
    "template": {"template": "{unheard of}"},
    "constant": {"value": "x"},
    "default": {"value": "x"},
}


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_only_makers_make_a_value_of_nothing(name: str) -> None:
    made = run(step(name, **EXAMPLES.get(name, {})), values=())
    assert made == (("x",) if name in {"constant", "default"} else ())


@pytest.mark.parametrize("name", sorted(TRANSFORMS))
def test_each_transform_is_explained_in_a_sentence(name: str) -> None:
    assert TRANSFORMS[name].name == name
    assert TRANSFORMS[name].summary.endswith(".")


@pytest.mark.parametrize(
    ("steps", "values", "problem"),
    [
        pytest.param([step("boolean")], ("on",), "boolean: ", id="boolean: another word"),
        pytest.param([step("boolean")], ("2",), "boolean: ", id="boolean: another number"),
        pytest.param([step("integer")], ("4.0",), "integer: ", id="integer: a fraction"),
        pytest.param(
            [step("integer")], ("1_000",), "integer: ", id="integer: Python's own notation"
        ),
        pytest.param([step("integer")], ("٤٢",), "integer: ", id="integer: digits beyond ASCII"),
        pytest.param(
            [step("integer")], ("9" * 19,), "integer: ", id="integer: more than fits a column"
        ),
        pytest.param([step("date")], ("02.03.2026",), "date: ", id="date: not ISO"),
        pytest.param([step("date")], ("2026-02-30",), "date: ", id="date: a day that never comes"),
        pytest.param(
            [step("date", formats=["%d.%m.%Y"])],
            ("2026-03-02",),
            "date: ",
            id="date: none of the formats",
        ),
        pytest.param(
            [step("date", formats=["%d.%m.%Y"])],
            ("2.3.2026 9:00",),
            "date: ",
            id="date: more than a date",
        ),
        pytest.param(
            [step("table", table={"DE": "Germany"}, unknown="refuse")],
            ("DE", "FR"),
            "table: ",
            id="table: an unknown value where the tenant wants it refused",
        ),
        pytest.param(
            [step("regex_extract", pattern="(.*)@(.*)")],
            ("a" * 200,),
            "too long for this pattern",
            id="regex_extract: a value on which the pattern may take long",
        ),
        pytest.param(
            [step("regex_extract", pattern="(.*)@(.*)")],
            ("a" * 100,) * 6,
            "too long for this pattern",
            id="regex_extract: many values that together may take long",
        ),
        pytest.param(
            [step("replace", old="a", new="b" * 500)],
            ("a" * 9,),
            "more than 4096 characters",
            id="replace: a value that grows too long",
        ),
        pytest.param(
            [step("join")], ("a" * 4000,) * 2, "more than 4096 characters", id="join: one too long"
        ),
        pytest.param(
            [step("split", separator=",")],
            ("a," * 1001,),
            "more than 1000 values",
            id="split: too many",
        ),
        pytest.param(
            [step("template", template="{huge}")],
            (),
            "more than 4096 characters",
            id="template: another claim that is too long",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_refused(
    steps: list[dict[str, object]], values: tuple[str, ...], problem: str
) -> None:
    with pytest.raises(ValueRefused, match=problem) as caught:
        run(*steps, values=values)
    assert caught.value.code == "invalid_value"


def test_a_refusal_does_not_repeat_the_value() -> None:
    with pytest.raises(ValueRefused) as caught:
        run(step("boolean"), values=("s3cret",))
    assert "s3cret" not in str(caught.value)
