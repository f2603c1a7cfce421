from __future__ import annotations

import io
from typing import Any

import pytest

from jitprov.saml import metadata_refusals as refusals
from jitprov.saml.certificates import load_certificate
from jitprov.saml.metadata import METADATA_LIMITS, MetadataRefused, iter_idp_metadata
from jitprov.saml.types import IdpMetadata
from jitprov.saml.xml import MD
from tests.saml.documents import (
    ENTITY_ID,
    NOW,
    SSO_URL,
    aggregate,
    certificate,
    entity,
    expired_pair,
    idp_role,
    key_pair,
    parse,
    refusal,
    signed,
    sp_role,
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
def test_signatures_that_hold(document: str, options: dict[str, Any]) -> None:
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
            "signature_invalid",
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
            "signature_invalid",
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
            "signature_invalid",
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
        pytest.param(
            SIGNED.replace("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md5"),
            {},
            refusals.MetadataSignatureRefused,
            "algorithm_not_allowed",
            id="a weak algorithm",
        ),
        pytest.param(
            SIGNED.replace("X509Certificate>", "X509CRL>", 2),
            {},
            refusals.MetadataSignatureRefused,
            "does not come with a certificate",
            id="a signature without its certificate",
        ),
    ],
)
def test_signatures_that_do_not_hold(
    document: str, options: dict[str, Any], error: type[MetadataRefused], words: str
) -> None:
    found = refusal(document, **options)
    assert type(found) is error
    assert words in str(found)


def test_a_signer_whom_we_trust_must_not_have_expired() -> None:
    pair = expired_pair("rsa-2")
    document = signed(entity(attributes='ID="e1"'), pair)
    error = refusal(document, trusted=load_certificate(pair.certificate))
    assert "certificate_expired" in str(error)


# Aggregates as a stream


def read(document: str) -> list[IdpMetadata | MetadataRefused]:
    return list(iter_idp_metadata(io.BytesIO(document.encode()), now=NOW))


def test_a_stream_yields_every_idp_or_why_not() -> None:
    hidden = f"<md:Extensions>{entity(entity_id='https://hidden.example')}</md:Extensions>"
    found = read(
        aggregate(
            aggregate(entity(hidden + idp_role())),
            entity(sp_role(), entity_id="https://sp.example"),
            entity(idp_role(services=""), entity_id=OTHER),
            entity(entity_id="https://third.example"),
        )
    )
    assert [getattr(one, "entity_id", type(one)) for one in found] == [
        ENTITY_ID,
        refusals.NoSsoUrl,
        "https://third.example",
    ]


def test_a_stream_may_be_one_entity() -> None:
    assert read(entity()) == [parse(entity())]


def test_a_stream_checks_signatures_of_entities() -> None:
    found = read(aggregate(tampered(without_declaration(SIGNED)), without_declaration(SIGNED)))
    assert [type(one) for one in found] == [refusals.MetadataSignatureRefused, IdpMetadata]


@pytest.mark.parametrize(
    ("document", "error"),
    [
        pytest.param(entity()[:-5], refusals.MetadataNotXml, id="cut short"),
        pytest.param("<html/>", refusals.NotMetadata, id="something else"),
        pytest.param(
            '<!DOCTYPE md [<!ENTITY a "b">]>' + aggregate(entity()),
            refusals.MetadataForbiddenXml,
            id="a DTD",
        ),
        pytest.param(
            aggregate(aggregate(entity(), attributes='validUntil="2014-01-01T00:00:00Z"')),
            refusals.MetadataExpired,
            id="expired",
        ),
        pytest.param(
            aggregate("<a/>" * (METADATA_LIMITS.nodes // 2), entity()),
            refusals.MetadataTooLarge,
            id="too large between two entities",
        ),
    ],
)
def test_a_stream_that_is_refused(document: str, error: type[MetadataRefused]) -> None:
    with pytest.raises(error):
        read(document)
