"""The documentation shows the pictures that ``make pictures`` takes, each with a text that describes it."""

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
NOT_SHOWN = {"directory", "report-switched-off", "why-left"}
"""Pictures that no page shows: the reader has that window open, or a table has the same."""


def shown_in_the_documentation() -> set[str]:
    return {file for page in PAGES for file in _SHOWN.findall(page.read_text("utf-8"))}


def test_pages_show_only_pictures_that_the_command_takes() -> None:
    assert shown_in_the_documentation() <= pictures.files()


def test_every_picture_is_shown_on_a_page() -> None:
    wanted = {f"{name}-desktop.png" for name in pictures.INDEX.keys() - NOT_SHOWN}
    assert wanted <= shown_in_the_documentation()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_picture_is_described_in_words(page: Path) -> None:
    texts = _IN_WORDS.findall(page.read_text("utf-8"))
    assert [text for text in texts if len(text.split()) < 5] == []


def test_the_folder_has_exactly_the_pictures_that_the_command_takes() -> None:
    assert {file.name for file in PICTURES.iterdir()} == pictures.files()


@pytest.mark.parametrize("name", sorted(pictures.files()))
def test_pictures_are_small(name: str) -> None:
    assert (PICTURES / name).stat().st_size <= LARGEST
