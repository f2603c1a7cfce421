"""Failed decryptions are not told apart, because a padding oracle lives on the differences."""

from __future__ import annotations

import base64
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.padding import MGF1, OAEP
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.x509 import load_pem_x509_certificate
from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.signature import SignatureRefused
from jitprov.saml.signing import load_key_pair
from jitprov.saml.types import KeyPair
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import rsa_key_pair
from jitprov.testing.knobs import DataEncryption, SignatureAlgorithm
from tests.saml.conftest import NOW
from tests.saml.mutations import (
    DS,
    SAML,
    XENC,
    double,
    drop,
    find,
    refusal,
    write,
)
from tests.saml.test_response_accepted import respond


def flip(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[-1] ^= 1
    return base64.b64encode(bytes(raw)).decode()


def tamper_with_ciphertext(root: etree._Element) -> None:
    values = [
        element
        for element in root.iter("{http://www.w3.org/2001/04/xmlenc#}CipherValue")
        if "EncryptedKey" not in str(element.getparent().getparent().tag)  # type: ignore[union-attr]
    ]
    values[0].text = flip(values[0].text or "")


def tamper_with_key(root: etree._Element) -> None:
    key = find(root, "{http://www.w3.org/2001/04/xmlenc#}EncryptedKey")
    value = find(key, "{http://www.w3.org/2001/04/xmlenc#}CipherValue")
    value.text = flip(value.text or "")


def put_inside_the_ciphertext(root: etree._Element) -> None:
    etree.SubElement(find(root, f"{XENC}CipherValue"), "{urn:x}x")


FAILED_DECRYPTIONS: list[Any] = [
    pytest.param({"mutate_after_signing": tamper_with_ciphertext}, id="altered ciphertext"),
    pytest.param({"mutate_after_signing": tamper_with_key}, id="altered key"),
    pytest.param({"sign": None}, id="plaintext that nobody signed"),
    pytest.param(
        {"mutate_before_encrypting": write(f"{SAML}NameID", "admin")}, id="altered plaintext"
    ),
    pytest.param(
        {"mutate_before_encrypting": drop(f"{DS}SignedInfo")}, id="a broken signature inside"
    ),
    pytest.param({"signing_key_pair": rsa_key_pair("stranger")}, id="a stranger's signature"),
    pytest.param(
        {"mutate_after_signing": drop(f"{XENC}EncryptedKey")}, id="no key to decrypt with"
    ),
    pytest.param({"mutate_after_signing": drop(f"{XENC}CipherData")}, id="no ciphertext"),
    pytest.param({"mutate_after_signing": write(f"{XENC}CipherValue", "*")}, id="not even base64"),
    pytest.param({"mutate_after_signing": put_inside_the_ciphertext}, id="an element inside"),
    pytest.param({"mutate_after_signing": double(f"{XENC}EncryptedData")}, id="two ciphertexts"),
]


@pytest.mark.parametrize("data", [DataEncryption.AES256_CBC, DataEncryption.AES256_GCM])
@pytest.mark.parametrize("knobs", FAILED_DECRYPTIONS)
def test_a_failed_decryption_looks_like_a_bad_signature(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    knobs: dict[str, Any],
    data: DataEncryption,
) -> None:
    response = respond(fake, encrypt_for=sp_key_pair.certificate, data_encryption=data, **knobs)
    assert refusal(response, expect) == ("signature_invalid", False)


def test_the_text_of_a_failed_decryption_tells_no_reason(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    texts = set()
    for mutation in (tamper_with_ciphertext, tamper_with_key):
        response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_after_signing=mutation)
        with pytest.raises(JitprovError) as caught:
            verify_response(response, expect)
        texts.add(str(caught.value))
    assert texts == {"not proved"}


@pytest.mark.parametrize(
    ("tag", "algorithm"),
    [
        pytest.param("EncryptedData", "tripledes-cbc", id="3DES"),
        pytest.param("EncryptedKey", "rsa-1_5", id="PKCS #1 v1.5"),
        pytest.param("EncryptedData", None, id="no algorithm at all"),
    ],
)
def test_weak_encryption_is_refused_with_the_name_of_the_algorithm(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    tag: str,
    algorithm: str | None,
) -> None:
    def mutate(root: etree._Element) -> None:
        encrypted = find(root, f"{XENC}{tag}")
        method = find(encrypted, f"{XENC}EncryptionMethod")
        if algorithm is None:
            encrypted.remove(method)
        else:
            method.set("Algorithm", f"http://www.w3.org/2001/04/xmlenc#{algorithm}")

    response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_after_signing=mutate)
    assert refusal(response, expect) == ("algorithm_not_allowed", False)


def test_an_unknown_digest_of_the_key_encryption_is_refused(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    def mutate(root: etree._Element) -> None:
        key = find(root, f"{XENC}EncryptedKey")
        method = find(key, f"{XENC}EncryptionMethod")
        for parameter in method:
            method.remove(parameter)
        etree.SubElement(method, f"{DS}DigestMethod").set("Algorithm", "urn:md5")

    response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_after_signing=mutate)
    assert refusal(response, expect) == ("algorithm_not_allowed", False)


def test_an_encrypted_assertion_is_refused_where_we_have_no_key(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    keyless = replace(expect, sp=replace(expect.sp, key_pairs=()))
    response = respond(fake, encrypt_for=sp_key_pair.certificate)
    assert refusal(response, keyless) == ("decryption_key_missing", False)


def test_an_assertion_encrypted_for_somebody_else_is_refused(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(fake, encrypt_for=rsa_key_pair("somebody else").certificate)
    assert refusal(response, expect) == ("signature_invalid", False)


def test_an_encrypted_assertion_inside_another_is_refused(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    def hide(root: etree._Element) -> None:
        etree.SubElement(find(root, f"{SAML}Assertion"), f"{SAML}EncryptedAssertion")

    response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_before_encrypting=hide)
    assert refusal(response, expect) == ("signature_invalid", False)


@pytest.mark.parametrize(
    "key_bytes",
    [pytest.param(16, id="a key of another length"), pytest.param(32, id="padding that is none")],
)
def test_a_content_key_that_the_attacker_chose_proves_nothing(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair, key_bytes: int
) -> None:
    """Anybody can encrypt a key, and any bytes with it, for our public key."""
    public = load_pem_x509_certificate(sp_key_pair.certificate.encode()).public_key()
    assert isinstance(public, RSAPublicKey)
    wrapped = public.encrypt(bytes(key_bytes), OAEP(MGF1(SHA1()), SHA1(), None))  # noqa: S303 -- the default

    def choose(root: etree._Element) -> None:
        key = find(root, f"{XENC}EncryptedKey")
        find(key, f"{XENC}CipherValue").text = base64.b64encode(wrapped).decode()
        key_method = find(key, f"{XENC}EncryptionMethod")
        for parameter in key_method:
            key_method.remove(parameter)
        for value in root.iter(f"{XENC}CipherValue"):
            if key not in value.iterancestors():
                value.text = base64.b64encode(bytes(64)).decode()

    response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_after_signing=choose)
    assert refusal(response, expect) == ("signature_invalid", False)


def test_plaintext_that_is_another_encrypted_assertion_is_refused(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    def rename(root: etree._Element) -> None:
        find(root, f"{SAML}Assertion").tag = f"{SAML}EncryptedAssertion"

    response = respond(
        fake,
        sign="response",
        encrypt_for=sp_key_pair.certificate,
        mutate_before_encrypting=rename,
    )
    assert refusal(response, expect) == ("signature_invalid", False)


def test_an_expired_certificate_is_named_also_when_the_assertion_is_encrypted(
    expect: Expectation, sp_key_pair: KeyPair
) -> None:
    expired = rsa_key_pair("expired", not_after=NOW - timedelta(days=1))
    fake = FakeIdentityProvider(key_pairs=[expired])
    response = respond(fake, encrypt_for=sp_key_pair.certificate)
    refused = refusal(response, replace(expect, idp=fake.idp_metadata()))
    assert refused == ("certificate_expired", False)


@pytest.mark.parametrize(
    "first", [pytest.param(0, id="the first is ours"), pytest.param(4, id="it is nobody's")]
)
def test_an_algorithm_that_we_do_not_accept_does_not_tell_whether_another_key_was_ours(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair, first: int
) -> None:
    """Both fail alike; otherwise somebody who has recorded an assertion could try keys on us."""

    def mutate(root: etree._Element) -> None:
        key = find(root, f"{XENC}EncryptedKey")
        second = deepcopy(key)
        find(second, f"{XENC}EncryptionMethod").set("Algorithm", "urn:nonsense")
        key.addnext(second)
        value = find(key, f"{XENC}CipherValue")
        value.text = "A" * first + (value.text or "").strip()[first:]

    response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_after_signing=mutate)
    assert refusal(response, expect) == ("algorithm_not_allowed", False)


def test_an_unusable_key_of_ours_is_a_configuration_error(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    broken = replace(expect.sp, key_pairs=(replace(sp_key_pair, private_key="nonsense"),))
    response = respond(fake, encrypt_for=sp_key_pair.certificate)
    assert refusal(response, replace(expect, sp=broken)) == ("configuration_error", False)


def test_many_keys_to_try_cost_little(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    """Our private key is read once, not for each of the keys that a stranger sends."""

    def multiply(root: etree._Element) -> None:
        key = find(root, f"{XENC}EncryptedKey")
        find(key, f"{XENC}CipherValue").text = "AAAA"
        for _ in range(300):
            key.addnext(deepcopy(key))

    response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_after_signing=multiply)
    load_key_pair.cache_clear()
    assert refusal(response, expect) == ("signature_invalid", False)
    assert load_key_pair.cache_info().misses == 1


@pytest.mark.parametrize(
    ("encryption", "told"),
    [
        (DataEncryption.AES256_GCM, ("algorithm_not_allowed", (SignatureAlgorithm.RSA_SHA1,))),
        (DataEncryption.AES256_CBC, ("signature_invalid", ())),
    ],
)
def test_a_weak_algorithm_is_told_only_where_nobody_can_alter_the_ciphertext(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    encryption: DataEncryption,
    told: tuple[str, tuple[str, ...]],
) -> None:
    response = respond(
        fake,
        encrypt_for=sp_key_pair.certificate,
        data_encryption=encryption,
        signature_algorithm=SignatureAlgorithm.RSA_SHA1,
    )
    with pytest.raises(SignatureRefused) as caught:
        verify_response(response, expect)
    assert (caught.value.code, caught.value.received) == told


def test_an_altered_ciphertext_tells_nothing_of_the_algorithm_inside(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    response = respond(
        fake,
        encrypt_for=sp_key_pair.certificate,
        data_encryption=DataEncryption.AES256_GCM,
        signature_algorithm=SignatureAlgorithm.RSA_SHA1,
        mutate_after_signing=tamper_with_ciphertext,
    )
    assert refusal(response, expect) == ("signature_invalid", False)
