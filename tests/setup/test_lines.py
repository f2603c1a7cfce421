from __future__ import annotations

from typing import Any

import pytest
from django.utils import translation

from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.saml.examination import Check
from jitprov.setup.check_words import CHECK_WORDS
from jitprov.setup.lines import NotATable, table_lines, table_of
from jitprov.words.transforms import (
    CHOICE_LABELS,
    PARAMETER_LABELS,
    TRANSFORM_WORDS,
    steps_in_words,
)


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"a": "b"},
        {"a": "b = c", "d = e": "f"},
        {'"quoted"': '"', "=": "=="},
        {" around ": "\tblank ", "": ""},
        {"two\nlines": "and\r\nmore", "Zoë": "Ünïcode"},
        {"[1]": "{}", "null": "true", "12": "7"},
    ],
)
def test_a_table_is_the_same_after_writing_and_reading_it(table: dict[str, str]) -> None:
    assert table_of(table_lines(table)) == table


@pytest.mark.parametrize(
    ("typed", "table"),
    [
        ("a=b", {"a": "b"}),
        ("  a  =  b  \n\n c = d", {"a": "b", "c": "d"}),
        ("a = b = c", {"a": "b = c"}),
        ("a =", {"a": ""}),
        ('"a" = "b"', {"a": "b"}),
        ('a = "unfinished', {"a": '"unfinished'}),
    ],
)
def test_typed_lines_are_read_as_a_table(typed: str, table: dict[str, str]) -> None:
    assert table_of(typed) == table


@pytest.mark.parametrize("typed", ["a", "a = b\nc", '"a" b'])
def test_a_line_without_an_equals_sign_is_refused(typed: str) -> None:
    with pytest.raises(NotATable):
        table_of(typed)


def test_every_transform_parameter_choice_and_check_has_words() -> None:
    parameters = [one for spec in TRANSFORMS.values() for one in spec.parameters]

    assert set(TRANSFORM_WORDS) == set(TRANSFORMS)
    assert set(PARAMETER_LABELS) == {one.name for one in parameters}
    assert set(CHOICE_LABELS) == {choice for one in parameters for choice in one.choices}
    assert set(CHECK_WORDS) == set(Check)


def test_steps_are_put_into_words() -> None:
    steps: list[dict[str, Any]] = [
        {"name": "split", "separator": ";"},
        {"name": "first"},
        {"name": "table", "table": {"a": "b"}, "unknown": "refuse"},
        {"name": "gone", "x": [1]},
    ]

    with translation.override("en"):
        said = steps_in_words(steps)

    assert said == (
        "Split (Separator: ;), First value, Look up in a table (Table: a = b; A value that is not in the table: "
        "refuses the sign-in), gone (x: 1)"
    )
