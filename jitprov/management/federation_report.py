"""Report what ``import_idp_metadata --map`` did, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from jitprov.metadata.federation_import import (
    RowChanged,
    RowNote,
    RowRefused,
    SignatureState,
    Summary,
)
from jitprov.metadata.federation_map import MapRow

LISTED = 20
"""Changed and missing rows, and notes, that are listed for people; JSON has all. Refused ones are always listed."""
_SIGNATURES = {
    SignatureState.VERIFIED: "The aggregate is signed by the certificate that you trust.",
    SignatureState.NOT_CHECKED: (
        "The aggregate is signed, but its signature was NOT checked: that needs the whole document in memory. "
        "Give --verify-with CERT, or be sure of where the document comes from."
    ),
    SignatureState.ABSENT: (
        "The aggregate is not signed as a whole. Be sure of where the document comes from."
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FederationReport:
    """The report of a federation import, also of one that ended early."""

    summary: Summary
    dry_run: bool = False

    def counts(self) -> dict[str, int | None]:
        """Return the number of rows of the map for each outcome; ``missing`` is known only at the end."""
        summary = self.summary
        return {
            "added": summary.added,
            "changed": len(summary.changed),
            "unchanged": summary.unchanged,
            "missing": None if summary.missing is None else len(summary.missing),
            "refused": len(summary.refused),
        }

    def headline(self) -> str:
        """Return the summary in one line."""
        known = {word: count for word, count in self.counts().items() if count is not None}
        counts = ", ".join(f"{count} {word}" for word, count in known.items())
        if self.summary.missing is None:
            counts = f"{counts}; the rest was not read"
        return f"Dry run, nothing was saved: {counts}." if self.dry_run else f"{counts}."

    def lines(self) -> Iterator[str]:
        """Yield everything below the headline."""
        missing = self.summary.missing or ()
        yield from _some([f"  Changed  {_told(one)}" for one in self.summary.changed])
        yield from _some([f"  Missing  {_named(row)}" for row in missing])
        for one in self.summary.refused:
            yield f"  Refused  {_named(one.row)}: {one.reason} [{one.code}]"
        yield from _some(
            [f"  Note     {_named(one.row)}: {one.note}" for one in self.summary.notes]
        )
        if missing:
            yield "Missing: no identity provider with that entity ID is in the aggregate."
        if self.summary.signature:
            yield _SIGNATURES[self.summary.signature]

    def as_json(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        summary = self.summary
        return {
            "ok": summary.complete,
            "dry_run": self.dry_run,
            **self.counts(),
            "signature": summary.signature,
            "changed_rows": [asdict(one) for one in summary.changed],
            "missing_rows": [_as_json(row) for row in summary.missing or ()],
            "refused_rows": [_refused_as_json(one) for one in summary.refused],
            "notes": [_note_as_json(one) for one in summary.notes],
        }


def _some(lines: Sequence[str]) -> Iterator[str]:
    yield from lines[:LISTED]
    if len(lines) > LISTED:
        yield f"           and {len(lines) - LISTED} more; --json lists them"


def _named(row: MapRow) -> str:
    return f"line {row.line}, {row.entity_id} ({row.slug})"


def _told(one: RowChanged) -> str:
    words = [field.replace("_", " ") for field in one.fields]
    if one.certificates_added:
        words.append(f"certificates +{one.certificates_added}")
    if one.certificates_removed:
        words.append(f"certificates -{one.certificates_removed}")
    return f"{one.slug}: {', '.join(words)}"


def _as_json(row: MapRow) -> dict[str, Any]:
    return {
        "line": row.line,
        "entity_id": row.entity_id,
        "tenant": row.tenant,
        "slug": row.slug,
    }


def _refused_as_json(one: RowRefused) -> dict[str, Any]:
    return {**_as_json(one.row), "code": one.code, "reason": one.reason}


def _note_as_json(one: RowNote) -> dict[str, Any]:
    return {**_as_json(one.row), "note": str(one.note)}
