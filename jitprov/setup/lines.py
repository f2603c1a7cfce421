"""Convert tables to lines of text and back, without loss."""

from __future__ import annotations

import json
from collections.abc import Mapping

_QUOTE = '"'


class NotATable(ValueError):
    """A line of a table has no equals sign; the argument is the number of the line."""


def table_lines(table: Mapping[str, str]) -> str:
    """Return a table as lines ``from = to``, with quotes around texts that could be read otherwise."""
    return "\n".join(f"{_quoted(key)} = {_quoted(value)}" for key, value in table.items())


def table_of(lines: str) -> dict[str, str]:
    """Return the table that is written as lines ``from = to``.

    :raises NotATable: a line has no equals sign.
    """
    table = {}
    for number, line in enumerate(lines.splitlines(), start=1):
        if line.strip():
            key, value = _parted(line.strip(), number)
            table[key] = value
    return table


def _parted(line: str, number: int) -> tuple[str, str]:
    key, rest = _read_quoted(line)
    if key is None:
        before, equals, after = line.partition("=")
        key, rest = before.strip(), equals + after
    rest = rest.strip()
    if not rest.startswith("="):
        raise NotATable(number)
    value, end = _read_quoted(rest[1:].strip())
    return key, end if value is None else value


def _read_quoted(text: str) -> tuple[str | None, str]:
    """Return the text in quotes and the rest after it; ``None`` and the whole text if there are no quotes."""
    if not text.startswith(_QUOTE):
        return None, text
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except ValueError:
        return None, text
    return str(value), text[end:]


def _quoted(text: str) -> str:
    plain = text and text.isprintable() and text == text.strip() and not {"=", _QUOTE} & set(text)
    return text if plain else json.dumps(text, ensure_ascii=False)
