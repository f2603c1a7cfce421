"""The pages of the documentation and their blocks of code."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
README = ROOT / "README.md"
PAGES = [
    README,
    ROOT / "CONTRIBUTING.md",
    ROOT / "SECURITY.md",
    *sorted(page for page in DOCS.rglob("*.md") if "_build" not in page.parts),
]


@dataclass(frozen=True)
class Fence:
    """A block of code in a page."""

    page: Path
    line: int
    language: str
    role: str
    """The word after the language: the kind of example, or the file to which the block is written."""
    code: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def fences_of(page: Path) -> Iterator[Fence]:
    text = page.read_text("utf-8")
    for match in re.finditer(r"^```(\w+) ?([\w./+-]*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        line = text.count("\n", 0, match.start()) + 1
        yield Fence(page, line, match[1], match[2], match[3])


FENCES = [
    fence
    for page in PAGES
    for fence in fences_of(page)
    if page.parent.name not in {"tutorial", "hosts"}
]
"""The blocks of all pages but the tutorial and the hosts' pages, which are tested as a whole."""


def fences(language: str, role: str | None = None) -> list[Any]:
    found = [fence for fence in FENCES if fence.language == language and role in (None, fence.role)]
    return [pytest.param(fence, id=str(fence)) for fence in found]


def reference(name: str) -> str:
    return (DOCS / "reference" / f"{name}.md").read_text("utf-8")


def rows(text: str, width: int) -> Iterator[list[str]]:
    """Yield the cells of every table row of this width whose first cell is code."""
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| `") and len(cells) == width:
            yield [cells[0].strip("`"), *cells[1:]]


def section(text: str, title: str) -> str:
    """Return the text below a heading of the second level."""
    match = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    return match[1] if match else ""


def anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    without_code = re.sub(
        r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL
    )
    titles = re.findall(r"^#+ (.+)$", without_code, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}
