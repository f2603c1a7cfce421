from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec
from re import _constants, _parser  # type: ignore[attr-defined, unused-ignore]
from types import SimpleNamespace
from typing import Any

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
            "[[a]", "not a regular expression", id="a set whose meaning Python may change"
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
        pytest.param("^([^@]+)@", "mia@acme.example", "mia", id="the text before the @"),
        pytest.param(r"\\(.*)", "ACME\\mia", "mia", id="the text after a Windows domain"),
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


@pytest.fixture
def no_kept_patterns() -> Iterator[None]:
    """Forget what was counted before a test with another parser, and after it."""
    kept = (patterns.steps, patterns._parse)
    for each in kept:
        each.cache_clear()
    yield
    for each in kept:
        each.cache_clear()


def parsed_as(*items: Any) -> SimpleNamespace:
    """Return a parser that makes of every pattern what another Python might."""
    return SimpleNamespace(parse=lambda _pattern: list(items))


REPEATED = _parser.parse("a")


@pytest.mark.usefixtures("no_kept_patterns")
@pytest.mark.parametrize(
    "parser",
    [
        pytest.param(None, id="there is no parser"),
        pytest.param(SimpleNamespace(), id="the parser has another name"),
        pytest.param(SimpleNamespace(parse=list), id="the parser wants something else"),
        pytest.param(SimpleNamespace(parse=lambda _: None), id="it returns nothing"),
        pytest.param(SimpleNamespace(parse=lambda _: 7), id="it returns no list"),
        pytest.param(parsed_as("LITERAL"), id="a node is a text"),
        pytest.param(parsed_as(("LITERAL",)), id="a node has no argument"),
        pytest.param(parsed_as(("LITERAL", 97, 0)), id="a node has one argument more"),
        pytest.param(parsed_as(("EVERYTHING", None)), id="an unknown opcode"),
        pytest.param(parsed_as((32, 97)), id="opcodes are numbers"),
        pytest.param(parsed_as(("re.LITERAL", 97)), id="opcodes are named differently"),
        pytest.param(parsed_as(("IN", [("STRING", "ab")])), id="an unknown part of a set"),
        pytest.param(parsed_as(("IN", None)), id="a set that is none"),
        pytest.param(parsed_as(("SUBPATTERN", (1, REPEATED))), id="a shorter group"),
        pytest.param(parsed_as(("SUBPATTERN", (1, 0, 0, 0, REPEATED))), id="a longer group"),
        pytest.param(parsed_as(("SUBPATTERN", (1, REPEATED, 0, 0))), id="a group turned around"),
        pytest.param(parsed_as(("BRANCH", [REPEATED])), id="alternatives of another shape"),
        pytest.param(parsed_as(("BRANCH", (None, REPEATED, 0))), id="longer alternatives"),
        pytest.param(parsed_as(("MAX_REPEAT", (1, REPEATED))), id="a repeat without an end"),
        pytest.param(
            parsed_as(("MAX_REPEAT", (0, None, REPEATED))), id="a repeat without a number"
        ),
        pytest.param(parsed_as(("MAX_REPEAT", (0, 9, []))), id="a body that has no width"),
        pytest.param(
            parsed_as(("SUBPATTERN", (1, 0, 0, [("EVERYTHING", None)]))),
            id="an unknown opcode in a group",
        ),
    ],
)
def test_every_pattern_is_refused_where_python_parses_it_differently(
    monkeypatch: pytest.MonkeyPatch, parser: Any
) -> None:
    pattern = "^[a-c]+$"
    check_pattern(pattern)
    monkeypatch.setattr(patterns, "_parser", parser)
    patterns.steps.cache_clear()
    patterns._parse.cache_clear()

    with pytest.raises(PatternRefused):
        check_pattern(pattern)


def test_every_pattern_is_refused_where_python_has_no_such_parser(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(re, "_parser")
    spec: Any = find_spec(patterns.__name__)
    there = module_from_spec(spec)
    spec.loader.exec_module(there)

    with pytest.raises(there.PatternRefused, match="may take too long"):
        there.check_pattern("^a$")


def test_this_python_has_no_opcode_that_nobody_has_looked_at() -> None:
    """A name that fails here is refused in a pattern until somebody has decided what it costs."""
    counted = {*patterns._SINGLE, *patterns._IN_A_SET} | {
        "IN", "SUBPATTERN", "BRANCH", "MAX_REPEAT", "MIN_REPEAT",
    }  # fmt: skip
    refused = {
        "ASSERT", "ASSERT_NOT", "ATOMIC_GROUP", "FAILURE", "GROUPREF", "GROUPREF_EXISTS", "POSSESSIVE_REPEAT",
    }  # fmt: skip
    made_by_the_compiler = {
        "ANY_ALL", "BIGCHARSET", "CHARSET", "GROUPREF_IGNORE", "GROUPREF_LOC_IGNORE", "GROUPREF_UNI_IGNORE", "INFO",
        "IN_IGNORE", "IN_LOC_IGNORE", "IN_UNI_IGNORE", "JUMP", "LITERAL_IGNORE", "LITERAL_LOC_IGNORE",
        "LITERAL_UNI_IGNORE", "MARK", "MAX_UNTIL", "MIN_REPEAT_ONE", "MIN_UNTIL", "NOT_LITERAL_IGNORE",
        "NOT_LITERAL_LOC_IGNORE", "NOT_LITERAL_UNI_IGNORE", "POSSESSIVE_REPEAT_ONE", "RANGE_UNI_IGNORE", "REPEAT",
        "REPEAT_ONE", "SUCCESS",
    }  # fmt: skip
    names = {str(opcode) for opcode in _constants.OPCODES}

    assert names - counted - refused - made_by_the_compiler == set()
    assert counted | refused <= names | {"MIN_REPEAT", "MAX_REPEAT"}


def test_a_set_may_hold_letters_ranges_and_classes() -> None:
    check_pattern(r"^[^a-z\d_.é\W-]+[\]x]$")


@pytest.mark.parametrize("pattern", ["(?m)^.*,.*,.*$", "(?im)^.*,.*,.*$", r"(?m:^.*,.*,.*$)"])
def test_an_anchor_of_lines_does_not_make_a_pattern_cheaper(pattern: str) -> None:
    assert patterns.steps(pattern, 128) > 64 * patterns.steps("^.*,.*,.*$", 128)


# Many values


@pytest.mark.parametrize("length", [0, 1, 15, 16, 17, 31, 33, 128, 129, 700, 4096])
def test_a_length_is_rounded_up_by_an_eighth_at_most(length: int) -> None:
    rounded = patterns._rounded(length)

    assert length <= rounded <= length * 9 / 8
    assert patterns.search_steps("a*b", ("x" * length,)) == patterns.steps("a*b", rounded)


def test_values_of_many_lengths_are_counted_by_a_few() -> None:
    lengths = {patterns._rounded(length) for length in range(4097)}

    assert len(lengths) <= 16 + 8 * 9


def test_an_ordinary_value_is_not_rounded() -> None:
    assert patterns._rounded(patterns.ORDINARY_LENGTH) == patterns.ORDINARY_LENGTH
