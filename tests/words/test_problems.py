"""What the pure core says of a mapping or a certificate has words for a form."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import jitprov
from jitprov.words.problems import in_words

PACKAGE = Path(jitprov.__file__).parent
SAYING = {"MappingError", "PatternRefused", "ParameterRefused", "CertificateUnusable"}
FILES = [
    *(PACKAGE / "provisioning").glob("*.py"),
    PACKAGE / "saml/certificates.py",
    PACKAGE / "host/user_fields.py",
]


def texts() -> Iterator[str]:
    for file in FILES:
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in SAYING and node.args:
                text = _text(node.args[0])
                if text:
                    yield text


def _text(node: ast.expr) -> str:
    """Return a text with a number for each value in it."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if not isinstance(node, ast.JoinedStr):
        return ""
    return "".join(
        "7" if isinstance(part, ast.FormattedValue) else _text(part) for part in node.values
    )


@pytest.mark.parametrize("text", sorted(set(texts())))
def test_every_text_has_words(text: str) -> None:
    words = in_words(text)

    assert words != text
    assert words.endswith(".")
    assert "%(" not in words


def test_a_text_without_words_is_itself() -> None:
    assert in_words("something new") == "something new"
