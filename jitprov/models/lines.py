"""Convert lists of texts to lines, as the rows store them and people type them, and back."""

from __future__ import annotations

from collections.abc import Iterable


def lines_of(texts: Iterable[str]) -> str:
    """Return the texts, one on each line."""
    return "\n".join(texts)


def texts_of(lines: str) -> list[str]:
    """Return the lines as a list of texts, without blank ones."""
    return [line.strip() for line in lines.splitlines() if line.strip()]
