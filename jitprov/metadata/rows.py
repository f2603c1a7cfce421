"""Convert metadata into columns: of a new identity provider, a draft, or one that exists."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from jitprov.models import IdentityProvider
from jitprov.provisioning.presets import Preset, detect
from jitprov.saml.types import IdpMetadata

UNREMARKABLE = frozenset({"metadata_checked_at", "metadata_error"})
"""Columns about the last fetch of the metadata, which are no part of the configuration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldChange:
    """A column that an import changed, with its value before and after."""

    field: str
    before: Any
    after: Any


def new_identity_provider(
    metadata: IdpMetadata, preset: Preset | None, *, slug: str, **columns: Any
) -> IdentityProvider:
    """Return a new row, not saved, with the metadata's values.

    :param preset: ``None`` recognises it.
    """
    preset = preset or detect(metadata.entity_id, metadata.sso_url)
    return IdentityProvider(
        slug=slug,
        preset=preset.value,
        subject_claim=preset.details.subject_claim,
        **_columns(metadata),
        **columns,
    )


def apply_metadata(
    identity_provider: IdentityProvider,
    metadata: IdpMetadata,
    preset: Preset | None,
    **columns: Any,
) -> tuple[FieldChange, ...]:
    """Set a row's columns to the metadata's values, without saving it; return the changes.

    :param preset: ``None`` leaves the row's own, unless nothing was imported into it yet and it has none.
    """
    wanted = {**_columns(metadata), **columns}
    if not identity_provider.entity_id:
        wanted |= _first_choices(identity_provider, metadata, preset)
    elif preset is not None:
        wanted["preset"] = preset.value
    changes = tuple(
        FieldChange(field=field, before=getattr(identity_provider, field), after=value)
        for field, value in wanted.items()
        if getattr(identity_provider, field) != value
    )
    for change in changes:
        setattr(identity_provider, change.field, change.after)
    return changes


def _first_choices(
    draft: IdentityProvider, metadata: IdpMetadata, preset: Preset | None
) -> dict[str, Any]:
    kind = preset or Preset(draft.preset)
    if kind is Preset.NONE and preset is None:
        kind = detect(metadata.entity_id, metadata.sso_url)
    # Nobody is known by it yet, so that it can still be decided who is who.
    return {
        "preset": kind.value,
        "subject_claim": draft.subject_claim or kind.details.subject_claim,
    }


def fetched_columns(url: str, now: datetime) -> Mapping[str, Any]:
    """Return the columns to set after metadata was fetched without an error."""
    return {"metadata_url": url, "metadata_checked_at": now, "metadata_error": ""}


def _columns(metadata: IdpMetadata) -> dict[str, Any]:
    return {
        "entity_id": metadata.entity_id,
        "sso_url": metadata.sso_url,
        "sso_binding": metadata.sso_binding.value,
        "slo_url": metadata.slo_url,
        "slo_binding": metadata.slo_binding.value,
        "want_authn_requests_signed": metadata.want_authn_requests_signed,
    }
