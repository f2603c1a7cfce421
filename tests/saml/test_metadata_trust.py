from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jitprov.saml import metadata_refusals as refusals
from jitprov.saml.certificates import load_certificate
from jitprov.saml.metadata import MetadataRefused
from jitprov.saml.xml import MD
from tests.saml.documents import (
    ENTITY_ID,
    NOW,
    SSO_URL,
    YEAR,
    aggregate,
    certificate,
    entity,
    expired_pair,
    idp_role,
    key_pair,
    parse,
    refusal,
    signed,
    without_declaration,
)

OTHER = "https://other.example/saml"


SIGNED = signed(entity(attributes='ID="e1"'))
SIGNED_AGGREGATE = signed(
    aggregate(entity(entity_id=OTHER), entity(), attributes='ID="a1"'), key_pair("rsa-2")
)


@pytest.mark.parametrize(
    ("document", "options"),
    [
        pytest.param(SIGNED, {}, id="a signature that holds, by nobody in particular"),
        pytest.param(SIGNED, {"trusted": certificate()}, id="the entity signed by whom we trust"),
        pytest.param(
            SIGNED_AGGREGATE,
            {"trusted": certificate("rsa-2"), "entity_id": ENTITY_ID},
            id="the aggregate around it signed by whom we trust",
        ),
        pytest.param(
            signed(aggregate(without_declaration(SIGNED), attributes='ID="a1"'), key_pair("rsa-2")),
            {"trusted": certificate("rsa-2")},
            id="the aggregate signed by whom we trust and the entity by itself",
        ),
        pytest.param(
            signed(entity(attributes='ID="e1"'), key_pair("ec")),
            {"trusted": certificate("ec")},
            id="an elliptic curve key",
        ),
        pytest.param(
            signed(entity(attributes='ID="e1"'), expired_pair("rsa-2")),
            {},
            id="signed with a certificate that has expired, and nobody asked who",
        ),
        pytest.param(
            entity(without_declaration(signed(idp_role(attributes=f'ID="r1" xmlns:md="{MD}"')))),
            {},
            id="only the role signed",
        ),
    ],
)
def test_metadata_with_a_good_signature_is_accepted(document: str, options: dict[str, Any]) -> None:
    assert parse(document, **options).entity_id == ENTITY_ID


def tampered(document: str) -> str:
    return document.replace(SSO_URL, "https://evil.example/sso")


@pytest.mark.parametrize(
    ("document", "options", "error", "words"),
    [
        pytest.param(
            tampered(SIGNED),
            {},
            refusals.MetadataSignatureRefused,
            "digest differs",
            id="a changed document, though nobody asked who signed",
        ),
        pytest.param(
            tampered(SIGNED),
            {"trusted": certificate()},
            refusals.MetadataSignatureRefused,
            "signature_invalid",
            id="a changed document",
        ),
        pytest.param(
            tampered(SIGNED_AGGREGATE),
            {"entity_id": OTHER},
            refusals.MetadataSignatureRefused,
            "digest differs",
            id="a changed aggregate",
        ),
        pytest.param(
            entity(
                tampered(
                    without_declaration(signed(idp_role(attributes=f'ID="r1" xmlns:md="{MD}"')))
                )
            ),
            {},
            refusals.MetadataSignatureRefused,
            "digest differs",
            id="a changed role",
        ),
        pytest.param(
            SIGNED,
            {"trusted": certificate("rsa-2")},
            refusals.MetadataSignatureRefused,
            "does not vouch for it",
            id="signed by somebody else",
        ),
        pytest.param(
            entity(),
            {"trusted": certificate()},
            refusals.MetadataNotSigned,
            "--verify-with",
            id="not signed, though a certificate was given",
        ),
        pytest.param(
            entity(without_declaration(signed(idp_role(attributes=f'ID="r1" xmlns:md="{MD}"')))),
            {"trusted": certificate()},
            refusals.MetadataNotSigned,
            "not signed",
            id="only the role signed: its entity ID could be anybody's",
        ),
        pytest.param(
            aggregate(without_declaration(SIGNED).replace(ENTITY_ID, OTHER), entity()),
            {"trusted": certificate(), "entity_id": ENTITY_ID},
            refusals.MetadataNotSigned,
            "not signed",
            id="somebody else in the aggregate signed",
        ),
    ],
)
def test_metadata_with_a_bad_signature_is_refused(
    document: str, options: dict[str, Any], error: type[MetadataRefused], words: str
) -> None:
    found = refusal(document, **options)
    assert type(found) is error
    assert words in str(found)


def test_a_trusted_certificate_that_is_not_valid_yet_is_not_called_expired() -> None:
    pair = key_pair("rsa-2", not_before=NOW + timedelta(days=1), not_after=NOW + YEAR)
    document = signed(entity(attributes='ID="e1"'), pair)
    error = refusal(document, trusted=load_certificate(pair.certificate))
    assert type(error) is refusals.MetadataSignatureRefused
    assert "valid from 2026-03-03 09:15 UTC only" in str(error)
    assert "expired" not in str(error)


def test_an_expired_trusted_certificate_does_not_verify_metadata() -> None:
    pair = expired_pair("rsa-2")
    document = signed(entity(attributes='ID="e1"'), pair)
    error = refusal(document, trusted=load_certificate(pair.certificate))
    assert "certificate_expired" in str(error)
