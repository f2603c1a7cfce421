"""Photographs pages for the documentation, in both widths."""

from __future__ import annotations

import re
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from tests.e2e.chromium import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page

WIDTHS = {"desktop": DESKTOP, "phone": PHONE}
PICTURES = Path(__file__).resolve().parents[2] / "docs" / "_static" / "pictures"
COLOURS = 128
"""More cannot be told apart on these pages, and would make a picture three times as large."""

# The port is another one each time; people who follow the documentation meet the usual one.
_USUAL_PORT = """port => {
  const usual = text => text.replaceAll(`:${port}`, ":8000");
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const text = texts.currentNode;
    if (text.data.includes(`:${port}`)) text.data = usual(text.data);
  }
  for (const field of document.querySelectorAll("input, textarea")) {
    if (field.type !== "hidden" && field.value.includes(`:${port}`)) field.value = usual(field.value);
  }
}"""
_TO_TOP = "part => part.scrollIntoView({block: 'start', behavior: 'instant'})"


@dataclass(slots=True)
class Camera:
    """Writes pictures of what it is shown into a folder."""

    folder: Path

    def see(self, page: Page, name: str, part: str = "") -> None:
        """Take the pictures of a page.

        :param part: a selector of what should be at the top; the top of the page where not given.
        """
        port = re.search(r":(\d+)/", page.url)
        if port:
            page.evaluate(_USUAL_PORT, port[1])
        for width, viewport in WIDTHS.items():
            page.set_viewport_size(viewport)
            page.locator(part or "body").first.evaluate(_TO_TOP)
            (self.folder / file_name(name, width)).write_bytes(_small(page.screenshot()))
        page.set_viewport_size(DESKTOP)


def file_name(name: str, width: str) -> str:
    """Return the name of one picture."""
    return f"{name}-{width}.png"


def _small(png: bytes) -> bytes:
    from PIL import Image  # noqa: PLC0415 -- may not be installed

    small = BytesIO()
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()
