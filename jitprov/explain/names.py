"""Readable names of claims."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from jitprov.words.guides import label_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimName:
    """A claim, as it is sent and as a person calls it."""

    name: str
    label: str


def claim_name(name: str) -> ClaimName:
    """Return a claim with its readable name."""
    return ClaimName(name=name, label=label_of(name))


def claim_names(names: Iterable[str]) -> tuple[ClaimName, ...]:
    """Return several claims with their readable names, in their order."""
    return tuple(claim_name(name) for name in names)
