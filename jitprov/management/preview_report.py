"""Report what ``preview_mapping`` found, for people as tables, for programs as one JSON object."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils import timezone

from jitprov.mapping_review.preview import FieldPreview, Origin, PersonPreview, Verdict
from jitprov.mapping_review.review import Remark
from jitprov.models import IdentityProvider

WIDEST = 40
"""Characters of a cell. The last column, with the reasons, is never cut."""
_HEAD = ("", "Field", "Before", "After", "Why")
_ORIGINS = {
    Origin.SIGN_IN: "signed in",
    Origin.RESPONSE: "pasted response, not proved",
    Origin.CLAIMS: "pasted claims, not proved",
}
_VERDICTS = {
    Verdict.CREATE: "would be created",
    Verdict.UPDATE: "would be changed",
    Verdict.UNCHANGED: "would stay as it is",
    Verdict.REFUSE: "would be refused",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewReport:
    """The report of one preview."""

    identity_provider: IdentityProvider
    mapping: str
    """The file of the proposed mapping; empty for the saved one."""
    people: Sequence[PersonPreview]
    remarks: Sequence[Remark]

    @property
    def refused(self) -> int:
        """Return the number of people who would be refused."""
        return sum(person.decision is Verdict.REFUSE for person in self.people)

    def as_json(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        return {
            "ok": True,
            "identity_provider": self.identity_provider.slug,
            "mapping": self.mapping or "saved",
            "refused": self.refused,
            "people": [person.as_json() for person in self.people],
            "remarks": [remark.as_json() for remark in self.remarks],
        }

    # For people

    def headline(self) -> str:
        """Return the summary in one line."""
        by = f"the mapping in {self.mapping}" if self.mapping else "the mapping as it is saved"
        count = len(self.people)
        who = "1 person" if count == 1 else f"{count} people"
        refused = f"{self.refused} would be refused" if self.refused else "nobody would be refused"
        return visible(f"{self.identity_provider.slug}: {who} by {by}; {refused}.")

    def lines(self) -> Iterator[str]:
        """Yield everything below the headline."""
        if not self.people:
            yield "What was said at sign-ins is kept for JITPROV_CLAIMS_RETENTION: none is there."
            yield "Give --response or --claims."
        for person in self.people:
            yield ""
            yield from _person(person)
        if self.remarks:
            yield ""
            yield "About the mapping:"
            yield from (f"  {_remark(remark)}" for remark in self.remarks)


def visible(text: str) -> str:
    """Return a text in one line that does nothing to a terminal: somebody else may have written it."""
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


def _person(person: PersonPreview) -> Iterator[str]:
    who = person.who or "(no anchor)"
    yield visible(f"{who}: {_VERDICTS[person.decision]}  [{_origin(person)}]")
    yield from _refusal(person)
    if person.is_new and any(one.before is not None for one in person.fields):
        yield "  Nobody here is this person yet: before is what the saved mapping would write."
    yield from _table(person.fields)
    if person.groups_joined:
        yield visible(f"  Joins: {', '.join(person.groups_joined)}")
    if person.groups_left:
        yield visible(f"  Leaves: {', '.join(person.groups_left)}")
    if person.groups_unmatched:
        yield visible(f"  In no row of groups: {', '.join(person.groups_unmatched)}")
    for note in person.notes:
        yield visible(f"  Note: {note.text} [{note.code}]")


def _refusal(person: PersonPreview) -> Iterator[str]:
    if person.reason:
        yield visible(f"  Refused: {person.reason_text} [{person.reason}]")
        yield visible(f"  To do: {person.fix}")
    for point in person.problems:
        yield visible(f"  Problem: {point.text} [{point.code}]")


def _origin(person: PersonPreview) -> str:
    at, reference = person.said.at, person.said.reference
    when = f" on {timezone.localtime(at):%Y-%m-%d %H:%M}, {reference}" if at else ""
    return f"{_ORIGINS[person.said.origin]}{when}"


def _table(fields: Sequence[FieldPreview]) -> Iterator[str]:
    if not fields:
        return
    rows = [_HEAD, *map(_row, fields)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD) - 1)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([f" {cells[0]}", *cells[1:], row[-1]]).rstrip()


def _row(one: FieldPreview) -> tuple[str, ...]:
    mark = "*" if one.changes else ""
    return (mark, one.target, _cut(one.before_text), _cut(one.after_text), visible(one.why))


def _cut(text: str) -> str:
    shown = visible(text)
    return shown if len(shown) <= WIDEST else f"{shown[: WIDEST - 1]}…"


def _remark(remark: Remark) -> str:
    where = ""
    if remark.row is not None:
        where = f"row {remark.row + 1} ({remark.target}): "
    elif remark.group_row is not None:
        where = f"group row {remark.group_row + 1}: "
    return visible(f"{remark.severity.value.capitalize()}: {where}{remark.text} [{remark.code}]")
