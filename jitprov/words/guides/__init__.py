"""Tell a tenant's admin how to connect each kind of identity provider: where our values go, and the claims it sends.

The guides are data. They state the same facts as ``docs/how-to``, in fewer words.
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
"""The guide of every preset."""


def places(preset: Preset) -> tuple[Place, ...]:
    """Return the fields for our values, in the order of the product's form; values without a field are absent."""
    return GUIDES[preset].places


def place_of(preset: Preset, value: OurValue) -> Place | None:
    """Return the field for one of our values; ``None`` if there is none."""
    return next((place for place in places(preset) if place.value is value), None)


def metadata_place(preset: Preset) -> Location:
    """Return the place in the product where its metadata is found."""
    return GUIDES[preset].metadata


def steps(preset: Preset) -> tuple[Step, ...]:
    """Return the steps of the guide, in order."""
    return GUIDES[preset].steps


def known_claims(preset: Preset) -> tuple[KnownClaim, ...]:
    """Return the claims that this kind of identity provider usually sends, or can be made to send."""
    return GUIDES[preset].claims


_LABELS: Mapping[str, Text] = MappingProxyType(
    {claim.name: claim.label for guide in GUIDES.values() for claim in guide.claims}
)


def label_of(claim_name: str) -> str:
    """Return a readable name for a claim: from the guide if it is known there, else the last part of its name."""
    if claim_name in _LABELS:
        return str(_LABELS[claim_name])
    return claim_name.rstrip("/").rpartition("/")[2] or claim_name
