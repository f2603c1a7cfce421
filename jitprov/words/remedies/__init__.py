"""Tell a tenant's admin what to do, by code: what is wrong, what to change, and where exactly.

The person who was refused reads :mod:`jitprov.words.refusals` instead, which says less. The facts are those of
``docs/reference/refusals.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from jitprov.provisioning.presets import Preset
from jitprov.words.guides import OurValue, Text, metadata_place, place_of
from jitprov.words.remedies import entra, vendors
from jitprov.words.remedies.aadsts import aadsts
from jitprov.words.remedies.account import ACCOUNT
from jitprov.words.remedies.assertion import ASSERTION
from jitprov.words.remedies.logout import LOGOUT
from jitprov.words.remedies.message import MESSAGE
from jitprov.words.remedies.metadata import IMPORT, METADATA
from jitprov.words.remedies.operation import OPERATION, REFUSED
from jitprov.words.remedies.types import Change, Fixer, Remedy

__all__ = ["REMEDIES", "Fixer", "Remedy", "aadsts", "remedy"]

REMEDIES: Mapping[str, Remedy] = MappingProxyType(
    {**MESSAGE, **ASSERTION, **ACCOUNT, **LOGOUT, **OPERATION, **METADATA, **IMPORT}
)
"""The remedy for every code, for an identity provider of any kind."""

CHANGES: Mapping[Preset, Mapping[str, Change]] = MappingProxyType(
    {
        Preset.ENTRA: entra.CHANGES,
        Preset.OKTA: vendors.OKTA,
        Preset.GOOGLE: vendors.GOOGLE,
        Preset.ADFS: vendors.ADFS,
        Preset.ONELOGIN: vendors.ONELOGIN,
        Preset.KEYCLOAK: vendors.KEYCLOAK,
        Preset.NONE: {},
    }
)
"""Replacements in the remedies, for each kind of identity provider."""

_ENTERED_THERE = {
    "audience_mismatch": OurValue.ENTITY_ID,
    "recipient_mismatch": OurValue.ACS_URL,
    "destination_mismatch": OurValue.ACS_URL,
    "identity_provider_unknown": OurValue.ACS_URL,
    "not_a_response": OurValue.ACS_URL,
    "response_missing": OurValue.ACS_URL,
    "logout_message_missing": OurValue.LOGOUT_URL,
}
_FROM_METADATA = {
    "certificate_expired",
    "certificate_unusable",
    "issuer_mismatch",
    "not_complete",
    "signature_invalid",
    "signature_refused",
    *METADATA,
}


def remedy(code: str, preset: Preset) -> Remedy:
    """Return the remedy for a refusal or a note; a general one if the code is unknown."""
    general = REMEDIES.get(code, REFUSED)
    change = CHANGES[preset].get(code, Change())
    return replace(
        general,
        happened=change.happened or general.happened,
        fix=change.fix or general.fix,
        where=change.where or _guided(code, preset) or general.where,
        by=change.by or general.by,
    )


def _guided(code: str, preset: Preset) -> Text:
    if code in _FROM_METADATA:
        return metadata_place(preset).trail
    place = place_of(preset, _ENTERED_THERE[code]) if code in _ENTERED_THERE else None
    return place.trail if place else ""
