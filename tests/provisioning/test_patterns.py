from __future__ import annotations

import re

import pytest

from jitprov.provisioning import patterns
from jitprov.provisioning.patterns import PatternRefused, check_pattern


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("(a+)+b", id="the classic: a repeat of a repeat"),
        pytest.param(r"^(\w+\s?)*$", id="a repeat of words, as found in many a form"),
        pytest.param("(a|a)*b", id="a repeat of alternatives that overlap"),
        pytest.param("(a|aa)+$", id="a repeat of alternatives of different length"),
        pytest.param("(?:a?){30}a{30}", id="many optional parts"),
        pytest.param("a?" * 30 + "a" * 30, id="many optional parts written out"),
        pytest.param("((((a*)*)*)*)*", id="nested five deep"),
        pytest.param("(.*?,){11}P", id="a lazy repeat within a counted one"),
        pytest.param("a*a*a*a*b", id="no nesting, but one repeat after the other"),
        pytest.param(".*,.*,.*,.*", id="many repeats without an anchor"),
        pytest.param(r"(?m)^.*,.*,.*$", id="an anchor that holds at every line is none"),
        pytest.param("^a|.*,.*,.*b", id="an anchor in one alternative is none"),
        pytest.param("(?s:.*a){9}", id="a counted repeat of an unlimited one"),
    ],
)
def test_a_pattern_that_could_take_too_long_is_refused(pattern: str) -> None:
    with pytest.raises(PatternRefused, match="may take too long"):
        check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        pytest.param(r"(a)\1", "not allowed here: groupref", id="a reference back"),
        pytest.param("(?=a)a", "not allowed here: assert", id="a lookahead"),
        pytest.param("(?!a)b", "not allowed here: assert not", id="a negative lookahead"),
        pytest.param("(?<=a)b", "not allowed here: assert", id="a lookbehind"),
        pytest.param("(a)?(?(1)b|c)", "not allowed here: groupref exists", id="a condition"),
        pytest.param("(?>a*)b", "not allowed here: atomic group", id="an atomic group"),
        pytest.param("a*+b", "not allowed here: possessive repeat", id="a possessive repeat"),
        pytest.param("[a-", "not a regular expression", id="something unfinished"),
        pytest.param(
            "a{99999999999}", "not a regular expression", id="a count beyond the engine's"
        ),
        pytest.param(
            "[[a]", "not a regular expression", id="what will mean something else one day"
        ),
        pytest.param("a" * 201, "at most 200 characters", id="a pattern that is too long"),
    ],
)
def test_a_pattern_that_cannot_be_counted_is_refused(pattern: str, reason: str) -> None:
    with pytest.raises(PatternRefused, match=reason):
        check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        pytest.param("^([^@]+)@", "mia@acme.example", "mia", id="what is before the @"),
        pytest.param(r"\\(.*)", "ACME\\mia", "mia", id="what is behind a Windows domain"),
        pytest.param("CN=([^,]+)", "CN=Mia Lund,OU=Ops", "Mia Lund", id="a part of a DN"),
        pytest.param("(.*)@(.*)", "mia@acme.example", "mia", id="two repeats"),
        pytest.param(
            r"^(.*), (.*) \((.*)\)$", "Lund, Mia (Ops)", "Lund", id="three, with an anchor"
        ),
        pytest.param(
            r"\A(?i:dr|prof)\.? (\w+?)\b", "Dr. Lund", "Lund", id="alternatives and flags"
        ),
        pytest.param("((?:ab){2,}c)", "xababc", "ababc", id="a repeat of something fixed"),
        pytest.param("()", "x", "", id="a pattern that asks for nothing"),
    ],
)
def test_ordinary_patterns_are_accepted(pattern: str, value: str, found: str) -> None:
    check_pattern(pattern)
    match = re.search(pattern, value)
    assert match is not None
    assert match[1] == found


def test_the_empty_pattern_is_cheap() -> None:
    assert patterns.steps("", 100) < 1000


def test_the_bound_grows_with_the_value() -> None:
    assert patterns.steps("(.*)@(.*)", 128) < patterns.MAX_STEPS < patterns.steps("(.*)@(.*)", 4096)


def test_the_worst_accepted_pattern_is_fast() -> None:
    # No clock: were the bound wrong by much, this test would not come to its end.
    check_pattern("^a*a*a*b")
    assert re.search("^a*a*a*b", "a" * patterns.ORDINARY_LENGTH) is None
