"""The pictures of pages are all there, and all shown; what they show is said in words."""

from __future__ import annotations

import re

from tests.e2e.camera import PICTURES
from tests.e2e.pictures import INDEX, files
from tests.pages import PAGES

SHOWN = [
    (page, alt, name)
    for page in PAGES
    for alt, name in re.findall(
        r"!\[([^\]]*)\]\([^)\s]*_static/pictures/([^)\s]+)\)", page.read_text("utf-8")
    )
]


def test_exactly_the_pictures_of_the_index_were_taken() -> None:
    assert {file.name for file in PICTURES.iterdir()} == files()


def test_every_picture_is_shown_somewhere() -> None:
    # The fake directory stands for what its reader has open in the other window.
    assert {name for _, _, name in SHOWN} >= {f"{name}-desktop.png" for name in INDEX} - {
        "directory-desktop.png",
        "report-switched-off-desktop.png",
    }


def test_every_picture_says_in_words_what_it_shows() -> None:
    assert [(str(page), name) for page, alt, name in SHOWN if len(alt) < 20] == []


def test_no_picture_is_too_large_for_a_page() -> None:
    assert {file.name for file in PICTURES.iterdir() if file.stat().st_size > 100_000} == set()
