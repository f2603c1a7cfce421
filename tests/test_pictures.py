"""The pictures in the documentation are those that ``make pictures`` takes."""

from __future__ import annotations

import re

import pytest

from tests.e2e import pictures
from tests.e2e.camera import PICTURES
from tests.pages import PAGES

LARGEST = 60 * 1024
_SHOWN = re.compile(r"_static/pictures/([\w.-]+)")


def shown_in_the_documentation() -> set[str]:
    return {file for page in PAGES for file in _SHOWN.findall(page.read_text("utf-8"))}


def test_every_picture_that_a_page_shows_is_one_that_the_command_takes() -> None:
    assert shown_in_the_documentation() <= pictures.files()


def test_every_picture_that_the_command_takes_is_there_and_no_other() -> None:
    assert {file.name for file in PICTURES.iterdir()} == pictures.files()


@pytest.mark.parametrize("name", sorted(pictures.files()))
def test_pictures_are_small(name: str) -> None:
    assert (PICTURES / name).stat().st_size <= LARGEST
