from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from lxml import etree

from jitprov.exceptions import ConfigurationError
from jitprov.saml.metadata import sp_metadata
from jitprov.saml.signature import verify_enveloped
from jitprov.saml.types import ServiceProvider
from jitprov.saml.xml import DS, MD, SAMLP, parse_trusted
from tests.saml.documents import NOW, POST, REDIRECT, base64_of, certificate, key_pair, schema

SP = ServiceProvider(
    entity_id="https://app.example/saml/acme/metadata/",
    acs_url="https://app.example/saml/acme/acs/",
)


def published(sp: ServiceProvider, valid_for: timedelta | None = None) -> etree._Element:
    root = parse_trusted(sp_metadata(sp, now=NOW, valid_for=valid_for))
    schema("metadata").assertValid(root)
    return root


def keys_of(root: etree._Element, use: str) -> list[str]:
    path = f"{{{MD}}}SPSSODescriptor/{{{MD}}}KeyDescriptor[@use='{use}']//{{{DS}}}X509Certificate"
    return [element.text or "" for element in root.findall(path)]


def test_our_metadata_is_not_signed_without_a_key() -> None:
    root = published(SP)
    role = root[0]
    acs = role.find(f"{{{MD}}}AssertionConsumerService")
    assert acs is not None
    assert root.get("entityID") == SP.entity_id
    assert root.get("validUntil") is None
    assert role.get("WantAssertionsSigned") == "true"
    assert role.get("AuthnRequestsSigned") == "false"
    assert role.get("protocolSupportEnumeration") == SAMLP
    assert {str(name): value for name, value in acs.attrib.items()} == {
        "Binding": POST,
        "Location": SP.acs_url,
        "index": "0",
        "isDefault": "true",
    }
    assert len(role) == 1, "neither keys nor a NameIDFormat"


def test_our_metadata_names_the_logout_url_if_there_is_one() -> None:
    root = published(replace(SP, slo_url="https://app.example/saml/acme/slo/"))
    services = root[0].findall(f"{{{MD}}}SingleLogoutService")
    assert [(one.get("Binding"), one.get("Location")) for one in services] == [
        (REDIRECT, "https://app.example/saml/acme/slo/"),
        (POST, "https://app.example/saml/acme/slo/"),
    ]


def test_our_metadata_is_signed_and_has_both_keys_while_they_roll_over() -> None:
    pairs = (key_pair("rsa-2"), key_pair())
    root = published(
        ServiceProvider(
            entity_id=SP.entity_id, acs_url=SP.acs_url, key_pairs=pairs, sign_requests=True
        ),
        valid_for=timedelta(days=7),
    )
    bodies = [base64_of(pair.certificate) for pair in pairs]
    assert keys_of(root, "signing") == bodies
    assert keys_of(root, "encryption") == bodies
    assert root[1].get("AuthnRequestsSigned") == "true"
    assert root.get("validUntil") == "2026-03-09T09:15:00Z"
    assert verify_enveloped(root, [certificate("rsa-2")], now=NOW).get("entityID") == SP.entity_id


def test_an_elliptic_curve_key_is_not_published_for_encryption() -> None:
    pairs = (key_pair("ec"), key_pair())
    root = published(ServiceProvider(entity_id=SP.entity_id, acs_url=SP.acs_url, key_pairs=pairs))
    assert keys_of(root, "signing") == [base64_of(pair.certificate) for pair in pairs]
    assert keys_of(root, "encryption") == [base64_of(key_pair().certificate)]
    assert verify_enveloped(root, [certificate("ec")], now=NOW) is not None


def test_an_unusable_key_is_a_configuration_error() -> None:
    sp = ServiceProvider(
        entity_id=SP.entity_id, acs_url=SP.acs_url, key_pairs=(key_pair("rsa-1024"),)
    )
    with pytest.raises(ConfigurationError):
        sp_metadata(sp, now=NOW)
