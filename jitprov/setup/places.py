"""Tell which section of the set-up page has the field that a remedy or a finding is about."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_CODES: Mapping[str, tuple[str, ...]] = {
    "give": (
        "audience_mismatch",
        "destination_mismatch",
        "identity_provider_unknown",
        "not_a_response",
        "recipient_mismatch",
        "response_missing",
    ),
    "metadata": (
        "authentication_too_old",
        "authn_context_unmet",
        "certificate_ends",
        "certificate_expired",
        "certificate_unusable",
        "certificates_ended",
        "issuer_mismatch",
        "metadata_not_refreshed",
        "no_certificate",
        "not_complete",
        "signature_invalid",
        "signature_refused",
    ),
    "entry": (
        "creation_disabled",
        "linking_disabled",
        "subject_missing",
        "unsolicited",
    ),
    "claims": (
        "claim_never_arrives",
        "field_not_mappable",
        "group_not_assignable",
        "group_required",
        "groups_absent",
        "groups_overage",
        "groups_unmatched",
        "invalid_value",
        "mapping_invalid",
        "required_claim_missing",
        "value_not_usable",
    ),
    "test": ("changed_since_test", "not_tested"),
    "enable": ("identity_provider_disabled", "unused"),
}
SECTION_OF: Mapping[str, str] = MappingProxyType(
    {code: section for section, codes in _CODES.items() for code in codes}
)
"""The name of the section, by the code of a problem, a note or a finding."""


def place_on(page: str, code: str) -> str:
    """Return the URL of the section that a code is about; empty if there is nothing on the page to change.

    :param page: the URL of the set-up page.
    """
    if code == "trust_waits":
        return f"{page}#trust"
    section = SECTION_OF.get(code)
    return f"{page}?step={section}#{section}" if section else ""
