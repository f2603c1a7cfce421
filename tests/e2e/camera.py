"""Take pictures of pages for the documentation, in both widths."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tests.e2e.chromium import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

PICTURES = Path(__file__).resolve().parents[2] / "docs" / "_static" / "pictures"
COLOURS = 128
"""More colours look the same on these pages, and would make a picture three times as large."""

# The port differs each time; readers of the documentation see the usual one.
_USUAL_PORT = "8000"
_CHANGE_PORT = """([from, to]) => {
  const changed = text => text.replaceAll(`:${from}`, `:${to}`);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) texts.currentNode.data = changed(texts.currentNode.data);
  for (const field of document.querySelectorAll("input:not([type=hidden], [type=file]), textarea")) {
    if (field.value !== changed(field.value)) field.value = changed(field.value);
  }
}"""
_TO_TOP = "part => part.scrollIntoView({block: 'start', behavior: 'instant'})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A page of the story that the documentation shows."""

    shows: str
    phone: bool = True
    """Whether a picture at the width of a phone is taken too."""

    def files(self, name: str) -> Mapping[str, ViewportSize]:
        """Return the files of the pictures, each with the size of the window."""
        desktop: dict[str, ViewportSize] = {f"{name}-desktop.png": DESKTOP}
        return {**desktop, f"{name}-phone.png": PHONE} if self.phone else desktop


@dataclass(frozen=True, slots=True, kw_only=True)
class Camera:
    """Writes pictures of pages to a folder."""

    folder: Path
    pictures: Mapping[str, Picture]

    def see(self, page: Page, name: str, part: str) -> None:
        """Take the pictures of a page, if the documentation shows it."""
        wanted = self.pictures.get(name)
        if wanted is None:
            return
        port = str(urlsplit(page.url).port)
        page.evaluate(_CHANGE_PORT, [port, _USUAL_PORT])
        for file, viewport in wanted.files(name).items():
            page.set_viewport_size(viewport)
            page.locator(part).first.evaluate(_TO_TOP)
            (self.folder / file).write_bytes(_small(page.screenshot()))
        page.set_viewport_size(DESKTOP)
        page.evaluate(_CHANGE_PORT, [_USUAL_PORT, port])


def _small(png: bytes) -> bytes:
    from PIL import Image  # noqa: PLC0415 -- may not be installed

    small = BytesIO()
    picture = Image.open(BytesIO(png)).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(small, "png", optimize=True)
    return small.getvalue()
