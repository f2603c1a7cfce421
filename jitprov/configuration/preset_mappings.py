"""Make the claim mappings that an identity provider of a known kind begins with."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from jitprov.host.tenant_fields import fields_of
from jitprov.models import ClaimMapping, IdentityProvider
from jitprov.provisioning.presets import Preset
from jitprov.provisioning.types import ClaimRule


def preset_mappings(identity_provider: IdentityProvider) -> list[ClaimMapping]:
    """Return the claim mappings of the identity provider's preset, not saved."""
    columns = preset_columns(Preset(identity_provider.preset), fields_of(identity_provider))
    return [ClaimMapping(identity_provider=identity_provider, **one) for one in columns]


def preset_columns(preset: Preset, fields: Container[str]) -> list[dict[str, Any]]:
    """Return the columns of a preset's claim mappings, as far as the tenant may map to the fields."""
    usable = [rule for rule in preset.details.rules if rule.target in fields]
    return [_mapping_columns(position, rule) for position, rule in enumerate(usable)]


def _mapping_columns(position: int, rule: ClaimRule) -> dict[str, Any]:
    return {
        "position": position,
        "sources": "\n".join(rule.sources),
        "target": rule.target,
        "transforms": [{"name": one.name, **one.parameters} for one in rule.transforms],
        "sync": rule.sync.value,
        "required": rule.required,
        "when_empty": rule.when_empty.value,
        "when_invalid": rule.when_invalid.value,
    }
