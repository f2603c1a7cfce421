"""The sections of the set-up page, in the order in which somebody goes through them.

A section is one module here with one template. It becomes part of the page by standing in :data:`SECTIONS`, or by being
enlisted by an extra.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jitprov import extras
from jitprov.extras import Section, Shown
from jitprov.setup.sections import claims, enable, entry, give, kind, metadata, test

SECTIONS = (
    kind.SECTION,
    give.SECTION,
    metadata.SECTION,
    entry.SECTION,
    claims.SECTION,
    test.SECTION,
    enable.SECTION,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownSection:
    """A section with what it shows, its number and whether it is open."""

    section: Section
    shown: Shown
    number: int
    is_open: bool
    next: Section | None
    """The section to go on to."""


def shown_sections(page: Any, context: Mapping[str, Any], wanted: str = "") -> list[ShownSection]:
    """Return all sections. Open is the wanted one, or those with errors, or the first that is not done.

    :param wanted: the name of a section, or the prefix of a table or of a row to which something is added.
    """
    sections = [*SECTIONS, *extras.sections()]
    shown = [section.show(page, context) for section in sections]
    is_open = _open(sections, shown, wanted)
    return [
        ShownSection(
            section=one, shown=what, number=number, is_open=one.name in is_open, next=after
        )
        for number, (one, what, after) in enumerate(
            zip(sections, shown, [*sections[1:], None], strict=True), start=1
        )
    ]


def _open(sections: list[Section], shown: list[Shown], wanted: str) -> set[str]:
    wrong = {one.name for one, what in zip(sections, shown, strict=True) if what.has_errors}
    if wrong:
        return wrong
    asked = {one.name for one in sections if wanted and _is_meant(one, wanted)}
    undone = (one.name for one, what in zip(sections, shown, strict=True) if what.done is False)
    return asked or {next(undone, "")}


def _is_meant(section: Section, wanted: str) -> bool:
    return wanted == section.name or wanted.startswith(section.tables or ("\n",))
