"""The pictures in the documentation are those that ``make pictures`` takes, and say in words what they show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e import pictures
from tests.e2e.camera import PICTURES
from tests.support.pages import PAGES

LARGEST = 60 * 1024
_SHOWN = re.compile(r"_static/pictures/([\w.-]+)")
_IN_WORDS = re.compile(r"!\[([^\]]*)\]\([^)\s]*_static/pictures/")
NOT_SHOWN = {"directory", "report-switched-off"}
"""What the reader has open in the other window, and what is said in a table."""


def shown_in_the_documentation() -> set[str]:
    return {file for page in PAGES for file in _SHOWN.findall(page.read_text("utf-8"))}


def test_every_picture_that_a_page_shows_is_one_that_the_command_takes() -> None:
    assert shown_in_the_documentation() <= pictures.files()


def test_every_picture_is_shown_somewhere() -> None:
    wanted = {f"{name}-desktop.png" for name in pictures.INDEX.keys() - NOT_SHOWN}
    assert wanted <= shown_in_the_documentation()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_picture_says_in_words_what_it_shows(page: Path) -> None:
    texts = _IN_WORDS.findall(page.read_text("utf-8"))
    assert [text for text in texts if len(text.split()) < 5] == []


def test_every_picture_that_the_command_takes_is_there_and_no_other() -> None:
    assert {file.name for file in PICTURES.iterdir()} == pictures.files()


@pytest.mark.parametrize("name", sorted(pictures.files()))
def test_pictures_are_small(name: str) -> None:
    assert (PICTURES / name).stat().st_size <= LARGEST
