"""Turn what a SAML assertion says into claims, which are the same whatever their source, and into the proof of a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict

from jitprov.accounts.sessions import Proof
from jitprov.provisioning.mapping import external_id_from
from jitprov.provisioning.presets import NAME_ID_CLAIM, NAME_ID_EMAIL_CLAIM
from jitprov.provisioning.types import Claims, Source
from jitprov.saml.request import TRANSIENT
from jitprov.saml.types import NameID, VerifiedAssertion

EMAIL_ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


def claims_from(assertion: VerifiedAssertion, subject_claim: str) -> Claims:
    """Return what an assertion says about a person, as every source says it."""
    return claims_about(
        assertion.name_id, assertion.attributes, subject_claim, assertion.unreadable
    )


def claims_about(
    name_id: NameID | None,
    attributes: Mapping[str, tuple[str, ...]],
    subject_claim: str,
    unreadable: frozenset[str] = frozenset(),
) -> Claims:
    """Return what parts of an assertion say, where a test found only these to be good.

    :param unreadable: the attributes with a value that is no text; none of their values is used.
    """
    values = dict(attributes)
    if name_id is not None:
        values.setdefault(NAME_ID_CLAIM, (name_id.value,))
        if name_id.format == EMAIL_ADDRESS:
            values.setdefault(NAME_ID_EMAIL_CLAIM, (name_id.value,))
    # A transient NameID is another one every time (saml-core-2.0 §8.3.8): no anchor.
    lasting = name_id.value if name_id is not None and name_id.format != TRANSIENT else ""
    return Claims(
        source=Source.SAML,
        external_id=(
            ""
            if subject_claim in unreadable
            else external_id_from(values, subject_claim=subject_claim, name_id=lasting)
        ),
        values=values,
        unreadable=unreadable,
    )


def proof_of(assertion: VerifiedAssertion) -> Proof:
    """Return what an assertion says of the sign-in, for the row of the session."""
    return Proof(
        name_id=asdict(assertion.name_id) if assertion.name_id else {},
        session_index=assertion.session_index,
        authn_context=assertion.authn_context,
        authn_instant=assertion.authn_instant,
        ends_at=assertion.session_not_on_or_after,
    )
