"""A pasted response is read without proof; an encrypted one only if it is proved to be for this tenant."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.types import KeyPair, NameID, ServiceProvider
from jitprov.saml.unproved import Unproved, document_of, is_encrypted, read_encrypted, read_unproved
from jitprov.saml.xml import MESSAGE_LIMITS
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import rsa_key_pair
from jitprov.testing.person import ANN, EMAIL_CLAIM
from tests.saml.conftest import ACS_URL, NOW, SP_ENTITY_ID
from tests.saml.mutations import SAML, drop


def xml(fake: FakeIdentityProvider, **knobs: Any) -> str:
    given = {"acs_url": ACS_URL, "audience": SP_ENTITY_ID, "now": NOW, **knobs}
    return fake.respond(**given).xml


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def code_of(read: Any) -> str:
    with pytest.raises(JitprovError) as caught:
        read()
    return caught.value.code


@pytest.mark.parametrize(
    "copied",
    [
        pytest.param(lambda text: text, id="XML"),
        pytest.param(lambda text: f"\ufeff{text}\n", id="XML of an editor"),
        pytest.param(encoded, id="base64"),
        pytest.param(lambda text: quote(encoded(text), safe=""), id="as a form sends it"),
        pytest.param(
            lambda text: f"SAMLResponse={quote(encoded(text), safe='')}&RelayState=%2F",
            id="a whole form",
        ),
    ],
)
def test_a_response_is_read_however_it_was_copied(fake: FakeIdentityProvider, copied: Any) -> None:
    said = read_unproved(document_of(copied(xml(fake))))
    assert said.attributes[EMAIL_CLAIM] == (ANN.email,)
    assert said.name_id is not None
    assert said.name_id.value == ANN.upn


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"now": NOW - timedelta(days=900)}, id="long ago"),
        pytest.param({"sign": None}, id="not signed"),
        pytest.param({"audience": "https://elsewhere.example/"}, id="for somebody else"),
        pytest.param({"signing_key_pair": rsa_key_pair("a stranger")}, id="signed by a stranger"),
        pytest.param(
            {"name_id": NameID(value=ANN.upn, sp_name_qualifier="https://elsewhere.example/")},
            id="with another's NameID",
        ),
    ],
)
def test_a_response_is_read_without_any_proof(
    fake: FakeIdentityProvider, knobs: dict[str, Any]
) -> None:
    said = read_unproved(xml(fake, **knobs).encode())
    assert said.attributes[EMAIL_CLAIM] == (ANN.email,)
    assert said.name_id is not None


def test_a_response_without_a_name_id_is_read(fake: FakeIdentityProvider) -> None:
    assert read_unproved(xml(fake, name_id=None, person=None).encode()).name_id is None


def test_the_repr_shows_no_value(fake: FakeIdentityProvider) -> None:
    assert repr(read_unproved(xml(fake).encode())) == "Unproved()"


@pytest.mark.parametrize(
    ("pasted", "code"),
    [
        pytest.param("", "response_missing", id="nothing"),
        pytest.param("what?", "response_not_base64", id="a question"),
        pytest.param("A" * (MESSAGE_LIMITS.bytes * 2), "message_too_large", id="too much"),
    ],
)
def test_a_text_that_is_no_response_is_refused(pasted: str, code: str) -> None:
    assert code_of(lambda: document_of(pasted)) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        pytest.param("<a>", "not_xml", id="not XML"),
        pytest.param("<a>\ud800</a>", "not_xml", id="not Unicode"),
        pytest.param("<!DOCTYPE a><a/>", "forbidden_xml", id="a document type"),
        pytest.param("<a/>", "not_a_response", id="another document"),
    ],
)
def test_other_xml_is_refused(text: str, code: str) -> None:
    document = document_of(text)
    assert code_of(lambda: is_encrypted(document)) == code
    assert code_of(lambda: read_unproved(document)) == code


def test_an_assertion_without_a_subject_is_refused(fake: FakeIdentityProvider) -> None:
    root = etree.fromstring(xml(fake, sign=None).encode())
    drop(f"{SAML}Subject")(root)
    document = etree.tostring(root)
    assert code_of(lambda: read_unproved(document)) == "assertion_malformed"


# Encrypted responses


def sealed(fake: FakeIdentityProvider, sp_key_pair: KeyPair, **knobs: Any) -> bytes:
    return xml(fake, encrypt_for=sp_key_pair.certificate, **knobs).encode()


def opened(fake: FakeIdentityProvider, sp: ServiceProvider, document: bytes) -> Unproved:
    certificates = fake.idp_metadata().signing_certificates
    return read_encrypted(document, sp=sp, certificates=certificates, now=NOW)


def test_an_encrypted_response_is_decrypted_with_our_key(
    fake: FakeIdentityProvider, sp: ServiceProvider, sp_key_pair: KeyPair
) -> None:
    document = sealed(fake, sp_key_pair)
    assert is_encrypted(document)
    assert not is_encrypted(xml(fake).encode())
    assert code_of(lambda: read_unproved(document)) == "assertion_malformed"
    assert opened(fake, sp, document).attributes[EMAIL_CLAIM] == (ANN.email,)


@pytest.mark.parametrize(
    ("knobs", "code"),
    [
        pytest.param({"sign": None}, "signature_invalid", id="not signed"),
        pytest.param(
            {"signing_key_pair": rsa_key_pair("a stranger")},
            "signature_invalid",
            id="signed by another tenant's identity provider",
        ),
        pytest.param(
            {"audience": "https://app.example/saml/other/metadata/"},
            "audience_mismatch",
            id="meant for another tenant",
        ),
    ],
)
def test_an_encrypted_response_for_another_tenant_is_not_read(
    fake: FakeIdentityProvider,
    sp: ServiceProvider,
    sp_key_pair: KeyPair,
    knobs: dict[str, Any],
    code: str,
) -> None:
    document = sealed(fake, sp_key_pair, **knobs)
    assert code_of(lambda: opened(fake, sp, document)) == code


def test_an_encrypted_response_is_refused_where_we_have_no_key(
    fake: FakeIdentityProvider, sp: ServiceProvider, sp_key_pair: KeyPair
) -> None:
    document = sealed(fake, sp_key_pair)
    without = replace(sp, key_pairs=())
    assert code_of(lambda: opened(fake, without, document)) == "decryption_key_missing"
