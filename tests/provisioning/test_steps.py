from __future__ import annotations

import json
from typing import Any

import pytest

from jitprov.exceptions import JitprovError
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.steps import MAX_TRANSFORMS, parse_transforms, run_transforms
from jitprov.provisioning.types import Transform


def step(name: str, **parameters: object) -> dict[str, object]:
    return {"name": name, **parameters}


@pytest.mark.parametrize(
    ("raw", "transform", "parameter", "problem"),
    [
        pytest.param(None, "", "", "must be a list", id="nothing"),
        pytest.param(
            {"name": "lower"}, "", "", "must be a list", id="one transform without a list"
        ),
        pytest.param("lower", "", "", "must be a list", id="a text"),
        pytest.param(["lower"], "", "", 'object with a "name"', id="a name alone"),
        pytest.param([{}], "", "", 'object with a "name"', id="no name"),
        pytest.param([{"name": 1}], "", "", 'object with a "name"', id="a name that is no text"),
        pytest.param([step("eval")], "eval", "", "no such transform", id="an unknown transform"),
        pytest.param(
            [step("lower")] * (MAX_TRANSFORMS + 1), "", "", "more than 10", id="too many transforms"
        ),
        pytest.param(
            [step("boolean"), step("lower")],
            "boolean",
            "",
            "must be the last",
            id="typed, not last",
        ),
        pytest.param(
            [step("lower", locale="de")],
            "lower",
            "locale",
            "not a parameter",
            id="unknown parameter",
        ),
        pytest.param(
            [step("split")], "split", "separator", "must be a text", id="a missing parameter"
        ),
        pytest.param(
            [step("split", separator="")], "split", "separator", "not be empty", id="an empty one"
        ),
        pytest.param(
            [step("split", separator=5)], "split", "separator", "must be a text", id="no text"
        ),
        pytest.param(
            [step("constant", value="x" * 501)],
            "constant",
            "value",
            "at most 500",
            id="a long text",
        ),
        pytest.param(
            [step("constant", value="\x00")],
            "constant",
            "value",
            "be stored",
            id="a null character",
        ),
        pytest.param(
            [step("table", table=["a"])],
            "table",
            "table",
            "must be an object",
            id="a list for a table",
        ),
        pytest.param(
            [step("table", table={"a": 1})],
            "table",
            "table",
            "must be a text",
            id="a number in a table",
        ),
        pytest.param(
            [step("table", table={})], "table", "table", "not be empty", id="an empty table"
        ),
        pytest.param(
            [step("table", table={str(n): "x" for n in range(501)})],
            "table",
            "table",
            "at most 500 entries",
            id="a table that is too large",
        ),
        pytest.param(
            [step("table", table={"a": "b"}, unknown="guess")],
            "table",
            "unknown",
            "one of keep, empty, refuse",
            id="a choice that there is not",
        ),
        pytest.param(
            [step("table", table={"a": "b"}, unknown=[])],
            "table",
            "unknown",
            "one of keep, empty, refuse",
            id="a list for a choice",
        ),
        pytest.param(
            [step("regex_extract", pattern="(a+)+b")],
            "regex_extract",
            "pattern",
            "may take too long",
            id="a pattern that could hang",
        ),
        pytest.param(
            [step("regex_extract", pattern="(a)", group=2)],
            "regex_extract",
            "",
            "no such group",
            id="a group that the pattern has not",
        ),
        pytest.param(
            [step("regex_extract", pattern="(a)", group=True)],
            "regex_extract",
            "group",
            "whole number",
            id="true for a number",
        ),
        pytest.param(
            [step("regex_extract", pattern="(a)", group="1")],
            "regex_extract",
            "group",
            "whole number",
            id="a text for a number",
        ),
        pytest.param(
            [step("regex_extract", pattern="(a)", group=-1)],
            "regex_extract",
            "group",
            "whole number",
            id="a number below zero",
        ),
        pytest.param(
            [step("template", template="{givenname")],
            "template",
            "template",
            "belongs to no claim",
            id="a brace that is not closed",
        ),
        pytest.param(
            [step("template", template="{}")],
            "template",
            "template",
            "belongs to no claim",
            id="braces without a claim",
        ),
        pytest.param(
            [step("date", formats="%d")], "date", "formats", "list of texts", id="a text for a list"
        ),
        pytest.param(
            [step("date", formats=["%d%m%Y"] * 11)],
            "date",
            "formats",
            "at most 10 entries",
            id="too many formats",
        ),
        pytest.param(
            [step("date", formats=["%d.%m"])], "date", "formats", "%d, %m and %Y", id="no year"
        ),
        pytest.param(
            [step("date", formats=["%d.%B.%Y"])],
            "date",
            "formats",
            "%d, %m and %Y",
            id="month names",
        ),
        pytest.param(
            [step("date", formats=["%d%d%m%Y"])],
            "date",
            "formats",
            "%d, %m and %Y",
            id="a day twice",
        ),
    ],
)
def test_an_invalid_row_is_refused_with_its_place(
    raw: object, transform: str, parameter: str, problem: str
) -> None:
    with pytest.raises(MappingError, match=problem) as caught:
        parse_transforms(raw)
    assert isinstance(caught.value, JitprovError)
    assert caught.value.code == "mapping_invalid"
    assert (caught.value.transform, caught.value.parameter) == (transform, parameter)


def test_parameters_are_checked_on_use_too() -> None:
    smuggled = Transform(name="regex_extract", parameters={"pattern": "(a+)+b"})
    with pytest.raises(MappingError, match="regex_extract: pattern: may take too long"):
        list(run_transforms([smuggled], ("a" * 40,), {}))


def test_json_is_read_with_defaults_filled_in() -> None:
    raw: Any = json.loads('[{"name": "table", "table": {"a": "b"}}, {"name": "integer"}]')
    table, integer = parse_transforms(raw)
    assert dict(table.parameters) == {"table": {"a": "b"}, "unknown": "keep"}
    assert integer == Transform(name="integer")


def test_each_step_is_yielded_with_its_result() -> None:
    transforms = parse_transforms([step("split", separator=","), step("first"), step("integer")])
    told = list(run_transforms(transforms, ("4, 2",), {}))
    assert told == [("split", ("4", "2")), ("first", ("4",)), ("integer", 4)]
