"""How to connect each kind of identity provider, as data: where our values go, and what it usually sends.

Facts are those of ``docs/how-to``; only the words are shorter.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from jitprov.provisioning.presets import Preset
from jitprov.words.guides import adfs, entra, general, google, keycloak, okta, onelogin
from jitprov.words.guides.types import (
    Guide,
    KnownClaim,
    Location,
    OurValue,
    Place,
    Step,
    Text,
    trail,
)

__all__ = [
    "GUIDES",
    "Guide",
    "KnownClaim",
    "Location",
    "OurValue",
    "Place",
    "Step",
    "Text",
    "known_claims",
    "label_of",
    "metadata_place",
    "place_of",
    "places",
    "steps",
    "trail",
]

GUIDES: Mapping[Preset, Guide] = MappingProxyType(
    {
        Preset.ENTRA: entra.GUIDE,
        Preset.OKTA: okta.GUIDE,
        Preset.GOOGLE: google.GUIDE,
        Preset.ADFS: adfs.GUIDE,
        Preset.ONELOGIN: onelogin.GUIDE,
        Preset.KEYCLOAK: keycloak.GUIDE,
        Preset.NONE: general.GUIDE,
    }
)
"""One for every preset."""


def places(preset: Preset) -> tuple[Place, ...]:
    """Return where our values go, in the order of its form; those that it has no field for are absent."""
    return GUIDES[preset].places


def place_of(preset: Preset, value: OurValue) -> Place | None:
    """Return where one of our values goes, if there is a field for it."""
    return next((place for place in places(preset) if place.value is value), None)


def metadata_place(preset: Preset) -> Location:
    """Return where the identity provider's own metadata is found."""
    return GUIDES[preset].metadata


def steps(preset: Preset) -> tuple[Step, ...]:
    """Return what to do, in order."""
    return GUIDES[preset].steps


def known_claims(preset: Preset) -> tuple[KnownClaim, ...]:
    """Return what this kind of identity provider usually sends, or can be made to send."""
    return GUIDES[preset].claims


_LABELS: Mapping[str, Text] = MappingProxyType(
    {claim.name: claim.label for guide in GUIDES.values() for claim in guide.claims}
)


def label_of(claim_name: str) -> str:
    """Return a readable name for a claim: ours if we know it, else the last part of its own."""
    if claim_name in _LABELS:
        return str(_LABELS[claim_name])
    return claim_name.rstrip("/").rpartition("/")[2] or claim_name
