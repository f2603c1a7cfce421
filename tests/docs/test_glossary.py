"""The glossary is in alphabetical order, with each word once, in a sentence or two."""

from __future__ import annotations

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/explanation/glossary.md"
_ENTRY = re.compile(r"^- \*\*(.+?)\*\*(.*?)(?=^- |\Z)", re.MULTILINE | re.DOTALL)


def entries() -> list[tuple[str, str]]:
    return _ENTRY.findall(PAGE.read_text())


def test_words_are_in_alphabetical_order_and_unique() -> None:
    words = [word.casefold().replace("-", "") for word, _text in entries()]

    assert len(words) > 30
    assert words == sorted(set(words))


def test_an_entry_is_short() -> None:
    assert [word for word, text in entries() if len(text.splitlines()) > 3] == []
