"""The values that a tenant's admin enters at their identity provider, each with the place where it is entered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jitprov.models import IdentityProvider
from jitprov.provisioning.presets import Preset
from jitprov.words.guides import OurValue, Place, place_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownValue:
    """One of our values."""

    kind: OurValue
    value: str
    place: Place | None
    """``None`` if this kind of identity provider has no field for it."""

    @property
    def label(self) -> Any:
        return self.kind.label


def our_values(identity_provider: IdentityProvider) -> list[ShownValue]:
    """Return our values in the order in which they are entered."""
    sp = identity_provider.as_service_provider()
    values = {
        OurValue.ENTITY_ID: sp.entity_id,
        OurValue.ACS_URL: sp.acs_url,
        OurValue.LOGIN_URL: identity_provider.browser_url("login"),
        OurValue.LOGOUT_URL: sp.slo_url,
        OurValue.METADATA_URL: identity_provider.url("metadata"),
    }
    preset = Preset(identity_provider.preset)
    return [
        ShownValue(kind=kind, value=value, place=place_of(preset, kind))
        for kind, value in values.items()
    ]
