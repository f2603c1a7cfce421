"""The tutorial works, from an empty folder, with real servers and a browser's cookies."""

from __future__ import annotations

import re
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.pages import DOCS
from tests.support.walkthrough import Misled, Reader

TUTORIALS = sorted((DOCS / "tutorial").glob("*.md"))


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_the_tutorial_works(page: Path, tmp_path: Path) -> None:
    with ExitStack() as stack:
        steps = Reader(tmp_path, stack).work_through(page.read_text("utf-8"))
    assert steps > 20


@pytest.mark.parametrize("page", TUTORIALS, ids=lambda page: page.stem)
def test_every_block_names_its_file(page: Path) -> None:
    text = page.read_text("utf-8")
    for match in re.finditer(r"^```python \+?(\S+)$", text, re.MULTILINE):
        paragraph = text[: match.start()].rstrip().rpartition("\n\n")[2]
        assert f"`{match[1]}`" in paragraph


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("```console\n$ false\n```", id="a command fails"),
        pytest.param("```console\n$ echo one\ntwo\n```", id="a command prints something else"),
        pytest.param("The page says “Hello”.", id="the page says something else"),
        pytest.param("Press **Continue**.", id="there is no such button"),
    ],
)
def test_a_wrong_page_is_reported(text: str, tmp_path: Path) -> None:
    with ExitStack() as stack, pytest.raises(Misled):
        Reader(tmp_path, stack).work_through(text)
