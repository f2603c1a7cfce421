"""The first words of docstrings and of test names: a function's docstring begins with a verb in the imperative."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = ROOT / "tests"
SOURCES = sorted(
    path for package in ("jitprov", "example_site") for path in (ROOT / package).rglob("*.py")
)

QUESTIONS = (
    "how what whatever when whenever where wherever whether which who whoever whom whose why"
)
OTHERS = """
a all an another any anybody anyone anything both each either every everybody everyone everything few he her here his i
it its many more most much neither no nobody none nothing one only other our ours several she some somebody someone
something such that the their theirs them there these they this those two us we you your
about above after against along among around as at before behind below beneath beside between beyond by down during
except for from in inside into like near of off on onto out outside over past per since through to toward under until up
upon with within without
also although and because but even if nor not now once or so than then though too unless while yet
am are be been being can could did does had has have is may might must shall should was were will would
"""
QUESTION_WORDS = frozenset(QUESTIONS.split())
NO_VERBS = QUESTION_WORDS | frozenset(OTHERS.split())
"""Determiners, pronouns, prepositions, conjunctions and auxiliaries: classes to which English adds no words."""
NO_SUBJECTS = QUESTION_WORDS | {
    "and",
    "but",
    "it",
    "neither",
    "none",
    "so",
    "these",
    "they",
    "those",
}
"""Words that begin a test name which cannot be understood alone."""


def first_word(docstring: str) -> str:
    return docstring.split(maxsplit=1)[0].strip("`*.,:;!?()").lower()


def is_imperative(docstring: str) -> bool:
    """Say whether a docstring can begin with a verb in the imperative, which has no -s at its end."""
    word = first_word(docstring)
    is_plural = word.endswith("s") and not word.endswith("ss")
    return word.isalpha() and word not in NO_VERBS and not is_plural


def functions(source: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the docstring of every function, method and property that has one.

    A property in capitals is a setting, and its docstring names the setting.
    """
    for node in ast.walk(ast.parse(source.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.isupper():
            docstring = ast.get_docstring(node)
            if docstring:
                yield node.lineno, docstring


@pytest.mark.parametrize(
    ("docstring", "imperative"),
    [
        ("Return the signing certificates that are valid now.", True),
        ("Pass a response on.", True),
        ("Returns the certificates.", False),
        ("What is trusted.", False),
        ("Whether the row is there.", False),
        ("The certificates.", False),
        ("Seconds until it ends.", False),
        ("``None`` if there is none.", False),
        ("10 rows.", False),
    ],
)
def test_an_imperative_is_recognised_by_its_first_word(docstring: str, imperative: bool) -> None:
    assert is_imperative(docstring) is imperative


def test_the_docstring_of_every_function_begins_with_a_verb_in_the_imperative() -> None:
    assert [
        f"{source.relative_to(ROOT)}:{line}: {docstring.splitlines()[0]}"
        for source in SOURCES
        for line, docstring in functions(source)
        if not is_imperative(docstring)
    ] == []


def test_no_docstring_of_a_module_begins_with_a_question_word() -> None:
    docstrings = {
        source: ast.get_docstring(ast.parse(source.read_text("utf-8"))) for source in SOURCES
    }

    assert [
        f"{source.relative_to(ROOT)}: {docstring.splitlines()[0]}"
        for source, docstring in docstrings.items()
        if docstring and first_word(docstring) in QUESTION_WORDS
    ] == []


def test_no_test_name_begins_with_a_question_word_or_refers_to_another_test() -> None:
    assert [
        f"{source.relative_to(ROOT)}: {name}"
        for source in sorted(TESTS.rglob("*.py"))
        for name in re.findall(r"^ *def (test_\w+)", source.read_text("utf-8"), re.MULTILINE)
        if name.split("_")[1] in NO_SUBJECTS
    ] == []
