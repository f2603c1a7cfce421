"""The claims that the set-up page suggests: those that arrived at sign-ins, and those that the preset knows."""

from __future__ import annotations

from dataclasses import dataclass

from jitprov.models import IdentityProvider
from jitprov.provisioning.presets import Preset
from jitprov.words.guides import Text, known_claims, label_of


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedClaim:
    """A claim that a mapping may name."""

    name: str
    label: Text
    note: Text = ""
    last_seen: str = ""
    """The day on which it arrived last, in ISO 8601; empty if it never arrived."""


def suggested_claims(identity_provider: IdentityProvider) -> list[SuggestedClaim]:
    """Return the suggested claims: those that arrived, the latest first, then those that the preset usually sends."""
    seen = identity_provider.observed_names()
    known = {claim.name: claim for claim in known_claims(Preset(identity_provider.preset))}
    latest_first = sorted(sorted(seen), key=lambda name: seen[name], reverse=True)
    names = [*latest_first, *(name for name in known if name not in seen)]
    return [
        SuggestedClaim(
            name=name,
            label=known[name].label if name in known else label_of(name),
            note=known[name].note if name in known else "",
            last_seen=seen.get(name, ""),
        )
        for name in names
    ]
