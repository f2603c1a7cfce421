"""Every rule, with a response that forges or lacks what it checks."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
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
from jitprov.saml.envelope import StatusNotSuccess
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.signature import SignatureMissing, verify_enveloped
from jitprov.saml.types import KeyPair, NameID
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import ec_key_pair, rsa_key_pair
from jitprov.testing.knobs import DataEncryption, DigestAlgorithm, KeyTransport, SignatureAlgorithm
from tests.saml.conftest import ACS_URL, NOW, REQUEST_ID, SKEW, SP_ENTITY_ID
from tests.saml.test_response_accepted import respond

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
Mutation = Callable[[etree._Element], None]


def refusal(saml_response: str, expect: Expectation) -> tuple[str, bool]:
    """Return the code of the refusal, and whether the origin had been proved by then."""
    with pytest.raises(JitprovError) as caught:
        verify_response(saml_response, expect)
    return caught.value.code, caught.value.origin_verified


def find(root: etree._Element, tag: str) -> etree._Element:
    return next(root.iter(tag))


def drop(tag: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        element = find(root, tag)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return mutate


def double(tag: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        element = find(root, tag)
        parent = element.getparent()
        assert parent is not None
        parent.insert(parent.index(element), deepcopy(element))

    return mutate


def put(tag: str, name: str, value: str) -> Mutation:
    return lambda root: find(root, tag).set(name, value)


def unset(tag: str, name: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        del find(root, tag).attrib[name]

    return mutate


def write(tag: str, text: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        find(root, tag).text = text

    return mutate


def add_condition(root: etree._Element) -> None:
    etree.SubElement(find(root, f"{SAML}Conditions"), f"{SAML}Condition")


def add_encrypted_attribute(root: etree._Element) -> None:
    etree.SubElement(find(root, f"{SAML}AttributeStatement"), f"{SAML}EncryptedAttribute")


def encrypt_the_name_id(root: etree._Element) -> None:
    name_id = find(root, f"{SAML}NameID")
    subject = name_id.getparent()
    assert subject is not None
    subject.replace(name_id, etree.Element(f"{SAML}EncryptedID"))


SIGNED_BUT_NOT_FOR_US = [
    ("issuer_mismatch", {"assertion_issuer": "https://evil.example/"}, "another issuer"),
    ("issuer_mismatch", {"assertion_issuer": None}, "no Issuer in the assertion"),
    ("issuer_mismatch", {"response_issuer": "https://evil.example/"}, "another Response issuer"),
    (
        "issuer_mismatch",
        {"response_issuer": None, "sign": "response"},
        "a signed Response without an Issuer",
    ),
    (
        "issuer_mismatch",
        {"mutate_before_signing": double(f"{SAML}Issuer")},
        "two issuers of the Response",
    ),
    (
        "issuer_mismatch",
        {"mutate_before_signing": put(f"{SAML}Issuer", "Format", "urn:x")},
        "an issuer that is not an entity",
    ),
    ("assertion_malformed", {"assertion_version": "1.1"}, "SAML 1.1"),
    ("assertion_malformed", {"assertion_version": None}, "no Version"),
    ("assertion_malformed", {"assertion_issue_instant": None}, "no IssueInstant"),
    ("assertion_malformed", {"assertion_issue_instant": "yesterday"}, "an unreadable IssueInstant"),
    (
        "not_yet_valid",
        {"assertion_issue_instant": NOW + SKEW + timedelta(seconds=1)},
        "issued in the future",
    ),
    (
        "assertion_malformed",
        {"assertion_issue_instant": "0001-01-01T00:00:00+14:00"},
        "an IssueInstant before the beginning of time",
    ),
    ("assertion_malformed", {"subject": False}, "no Subject"),
    (
        "assertion_malformed",
        {"mutate_before_signing": double(f"{SAML}Subject")},
        "two subjects",
    ),
    ("confirmation_missing", {"confirmation_method": None}, "no SubjectConfirmation"),
    (
        "confirmation_missing",
        {"confirmation_method": "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches"},
        "a confirmation that is not bearer",
    ),
    ("assertion_malformed", {"confirmation_data": False}, "no SubjectConfirmationData"),
    ("recipient_mismatch", {"recipient": None}, "no Recipient"),
    ("recipient_mismatch", {"recipient": f"{ACS_URL}extra"}, "a Recipient that contains our URL"),
    ("recipient_mismatch", {"recipient": ACS_URL[:-1]}, "a Recipient that our URL begins with"),
    ("recipient_mismatch", {"recipient": ACS_URL.upper()}, "a Recipient in other letters"),
    ("assertion_malformed", {"confirmation_not_on_or_after": None}, "no end of the confirmation"),
    (
        "expired",
        {"confirmation_not_on_or_after": NOW - SKEW},
        "a confirmation that ended just now, skew included",
    ),
    (
        "assertion_malformed",
        {"confirmation_not_before": NOW - timedelta(minutes=5)},
        "NotBefore in a bearer confirmation",
    ),
    (
        "request_unknown",
        {"confirmation_in_response_to": "id-of-somebody-else"},
        "an answer to another browser's request",
    ),
    (
        "unsolicited",
        {"confirmation_in_response_to": None},
        "InResponseTo only on the unsigned Response",
    ),
    ("unsolicited", {"in_response_to": None}, "nobody asked"),
    ("assertion_malformed", {"conditions": False}, "no Conditions"),
    ("unknown_condition", {"mutate_before_signing": add_condition}, "a condition of its own kind"),
    (
        "not_yet_valid",
        {"not_before": NOW + SKEW + timedelta(seconds=1)},
        "conditions that begin later",
    ),
    ("expired", {"not_on_or_after": NOW - SKEW}, "conditions that have ended"),
    ("assertion_malformed", {"not_on_or_after": "never"}, "an unreadable end"),
    ("audience_mismatch", {"audience_restrictions": []}, "no audience at all"),
    ("audience_mismatch", {"audience_restrictions": [[]]}, "an empty audience restriction"),
    (
        "audience_mismatch",
        {"audience_restrictions": [["https://other.example"]]},
        "somebody else's audience",
    ),
    (
        "audience_mismatch",
        {"audience_restrictions": [[SP_ENTITY_ID], ["https://other.example"]]},
        "two restrictions of which we meet only one",
    ),
    (
        "audience_mismatch",
        {"audience_restrictions": [[f"{SP_ENTITY_ID}x"]]},
        "an audience that contains our entity ID",
    ),
    ("assertion_malformed", {"authn_statements": 0}, "no AuthnStatement"),
    ("assertion_malformed", {"authn_statements": 2}, "two AuthnStatements"),
    ("assertion_malformed", {"authn_instant": None}, "no AuthnInstant"),
    ("assertion_malformed", {"authn_context": None}, "no AuthnContext"),
    (
        "not_yet_valid",
        {"authn_instant": NOW + SKEW + timedelta(seconds=1)},
        "authenticated in the future",
    ),
    ("session_over", {"session_not_on_or_after": NOW - SKEW}, "a session that is over"),
    (
        "audience_mismatch",
        {"name_id": NameID(value="p1", sp_name_qualifier="https://other.example")},
        "a NameID that is qualified for somebody else",
    ),
    (
        "assertion_malformed",
        {"mutate_before_signing": double(f"{SAML}NameID")},
        "two NameIDs",
    ),
    ("encrypted_part", {"mutate_before_signing": encrypt_the_name_id}, "an encrypted NameID"),
    (
        "encrypted_part",
        {"mutate_before_signing": add_encrypted_attribute},
        "an encrypted attribute",
    ),
    (
        "assertion_malformed",
        {"mutate_before_signing": unset(f"{SAML}Attribute", "Name")},
        "an attribute without a name",
    ),
    ("destination_mismatch", {"destination": "https://app.example/"}, "another Destination"),
    ("destination_mismatch", {"destination": f"{ACS_URL}x"}, "a Destination that begins with us"),
    ("destination_mismatch", {"destination": ""}, "an empty Destination"),
    (
        "destination_mismatch",
        {"destination": None, "sign": "response"},
        "a signed Response without a Destination",
    ),
]


@pytest.mark.parametrize(
    ("code", "knobs"),
    [pytest.param(code, knobs, id=name) for code, knobs, name in SIGNED_BUT_NOT_FOR_US],
)
def test_what_is_well_signed_and_not_for_this_sign_in(
    fake: FakeIdentityProvider, expect: Expectation, code: str, knobs: dict[str, Any]
) -> None:
    assert refusal(respond(fake, **knobs), expect) == (code, True)


def test_an_old_authentication_where_a_fresh_one_was_asked_for(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    forcing = replace(expect, pending={REQUEST_ID: NOW})
    response = respond(fake, authn_instant=NOW - SKEW - timedelta(seconds=1))
    assert refusal(response, forcing) == ("authentication_too_old", True)


def test_a_skew_beyond_the_bound_counts_as_the_bound(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    generous = replace(expect, clock_skew=timedelta(days=1), now=NOW + timedelta(minutes=66))
    assert refusal(respond(fake), generous) == ("expired", True)


def test_a_browser_without_pending_requests(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    assert refusal(respond(fake), replace(expect, pending={})) == ("request_unknown", True)


def wrap(place: str) -> Mutation:
    """Move the signed assertion somewhere else and put a forged one in its place (signature wrapping)."""

    def mutate(root: etree._Element) -> None:
        original = find(root, f"{SAML}Assertion")
        forged = deepcopy(original)
        find(forged, f"{SAML}NameID").text = "admin@acme.example"
        forged.set("ID", "_forged")
        signature = find(forged, f"{DS}Signature")
        root.replace(original, forged)
        if place == "sibling":
            root.append(original)
        elif place == "in its signature":
            etree.SubElement(signature, f"{DS}Object").append(original)
        elif place == "in extensions":
            extensions = etree.Element(f"{SAMLP}Extensions")
            extensions.append(original)
            root.insert(1, extensions)
        else:
            forged.remove(signature)
            forged.append(original)

    return mutate


def same_id_twice(root: etree._Element) -> None:
    original = find(root, f"{SAML}Assertion")
    extensions = etree.Element(f"{SAMLP}Extensions")
    copy = etree.SubElement(extensions, "{urn:x}Assertion")
    copy.set("ID", original.get("ID", ""))
    root.insert(1, extensions)


def move_the_signature(root: etree._Element) -> None:
    signature = find(root, f"{DS}Signature")
    find(root, f"{SAML}Subject").append(signature)


def second_reference(root: etree._Element) -> None:
    reference = find(root, f"{DS}Reference")
    parent = reference.getparent()
    assert parent is not None
    parent.append(deepcopy(reference))


def turn_transforms_around(root: etree._Element) -> None:
    transforms = find(root, f"{DS}Transforms")
    transforms.append(transforms[0])


def add_object(root: etree._Element) -> None:
    etree.SubElement(find(root, f"{DS}Signature"), f"{DS}Object")


ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
XSLT = "http://www.w3.org/TR/1999/REC-xslt-19991116"
XPATH = "http://www.w3.org/TR/1999/REC-xpath-19991116"


def add_transform(algorithm: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        transforms = find(root, f"{DS}Transforms")
        etree.SubElement(transforms, f"{DS}Transform").set("Algorithm", algorithm)

    return mutate


def nest(tag: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        etree.SubElement(find(root, tag), "{urn:x}parameter")

    return mutate


def nest_in_last(tag: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        etree.SubElement(root.findall(f".//{tag}")[-1], "{urn:x}parameter")

    return mutate


def many_prefixes(tag: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        namespaces = etree.SubElement(
            root.findall(f".//{tag}")[-1], f"{{{EXC_C14N}}}InclusiveNamespaces"
        )
        namespaces.set("PrefixList", " ".join(f"p{number}" for number in range(33)))

    return mutate


UNPROVED: list[tuple[str, dict[str, Any], str]] = [
    ("signature_missing", {"sign": None}, "nothing is signed"),
    (
        "signature_missing",
        {"mutate_after_signing": drop(f"{DS}Signature")},
        "the signature was taken off",
    ),
    (
        "signature_invalid",
        {"signing_key_pair": rsa_key_pair("stranger")},
        "signed with a stranger's key, whose certificate is in KeyInfo",
    ),
    (
        "signature_invalid",
        {"mutate_after_signing": write(f"{SAML}NameID", "admin@acme.example")},
        "the NameID was changed",
    ),
    (
        "signature_invalid",
        {"mutate_after_signing": write(f"{SAML}AttributeValue", "admin")},
        "a claim was changed",
    ),
    (
        "signature_invalid",
        {"mutate_after_signing": put(f"{SAML}SubjectConfirmationData", "InResponseTo", "x")},
        "InResponseTo was changed",
    ),
    (
        "signature_invalid",
        {"mutate_after_signing": write(f"{DS}SignatureValue", "AAAA")},
        "the signature value was changed",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": write(f"{DS}SignatureValue", "*")},
        "the signature value is not base64",
    ),
    (
        "signature_invalid",
        {"mutate_after_signing": write(f"{DS}DigestValue", "AAAA")},
        "the digest was changed",
    ),
    (
        "algorithm_not_allowed",
        {"signature_algorithm": SignatureAlgorithm.RSA_SHA1},
        "RSA with SHA-1",
    ),
    ("algorithm_not_allowed", {"digest_algorithm": DigestAlgorithm.SHA1}, "a SHA-1 digest"),
    (
        "algorithm_not_allowed",
        {
            "mutate_after_signing": put(
                f"{DS}SignatureMethod",
                "Algorithm",
                "http://www.w3.org/2000/09/xmldsig#hmac-sha1",
            )
        },
        "HMAC, with the public key as the secret",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": nest(f"{DS}SignatureMethod")},
        "parameters of the signature method",
    ),
    (
        "algorithm_not_allowed",
        {"mutate_after_signing": add_transform(XSLT)},
        "an XSLT transform, which a library would run before it looks at the signature",
    ),
    (
        "algorithm_not_allowed",
        {"mutate_after_signing": add_transform(XPATH)},
        "an XPath transform that selects what is signed",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": add_transform(EXC_C14N)},
        "one transform too many",
    ),
    ("signature_malformed", {"transforms": [ENVELOPED]}, "no canonicalisation"),
    (
        "signature_malformed",
        {"mutate_after_signing": turn_transforms_around},
        "the transforms in the other order",
    ),
    (
        "algorithm_not_allowed",
        {"canonicalization": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"},
        "inclusive canonicalisation",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": nest(f"{DS}CanonicalizationMethod")},
        "an unknown parameter of canonicalisation",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": nest_in_last(f"{DS}Transform")},
        "an unknown parameter of the exclusive transform",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": many_prefixes(f"{DS}Transform")},
        "more prefixes than anybody needs",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": nest(f"{DS}Transform")},
        "a parameter of the enveloped-signature transform",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": put(f"{DS}Reference", "URI", "")},
        "a reference to the whole document",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": put(f"{DS}Reference", "URI", "#_other")},
        "a reference to something else",
    ),
    ("signature_malformed", {"assertion_id": None}, "a signed element without an ID"),
    ("signature_malformed", {"mutate_after_signing": second_reference}, "two references"),
    ("signature_malformed", {"mutate_after_signing": double(f"{DS}Signature")}, "two signatures"),
    (
        "signature_malformed",
        {"mutate_after_signing": drop(f"{DS}SignedInfo")},
        "a signature of nothing",
    ),
    (
        "signature_malformed",
        {"mutate_after_signing": move_the_signature},
        "the signature is not a direct child of what it signs",
    ),
    ("assertion_misplaced", {"mutate_after_signing": wrap("sibling")}, "wrapped: two assertions"),
    (
        "assertion_misplaced",
        {"mutate_after_signing": wrap("in its signature")},
        "wrapped: the signed one hidden in a signature Object",
    ),
    (
        "assertion_misplaced",
        {"mutate_after_signing": wrap("in extensions")},
        "wrapped: the signed one hidden in Extensions",
    ),
    (
        "assertion_misplaced",
        {"mutate_after_signing": wrap("inside")},
        "wrapped: the signed one inside the forged one",
    ),
    ("duplicate_id", {"mutate_after_signing": same_id_twice}, "one ID twice"),
    ("not_a_response", {"response_version": "1.1"}, "a SAML 1.1 response"),
    ("not_a_response", {"response_id": None}, "a response without an ID"),
    ("assertion_missing", {"with_assertion": False}, "Success, and no assertion"),
    (
        "status_not_success",
        {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder", "with_assertion": True},
        "an assertion under a status that is not Success",
    ),
    (
        "status_not_success",
        {
            "status": "urn:oasis:names:tc:SAML:2.0:status:Requester",
            "status_nested": "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed",
            "status_message": "AADSTS50105: not assigned",
        },
        "Entra's refusal",
    ),
    ("status_not_success", {"status": None}, "no status"),
    (
        "algorithm_not_allowed",
        {"encrypt": {"key_transport": KeyTransport.RSA_1_5}},
        "a key encrypted with PKCS #1 v1.5",
    ),
]


@pytest.mark.parametrize(
    ("code", "knobs"), [pytest.param(code, knobs, id=name) for code, knobs, name in UNPROVED]
)
def test_what_is_not_proved_to_be_the_identity_provider_s(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    code: str,
    knobs: dict[str, Any],
) -> None:
    if "encrypt" in knobs:
        knobs = {"encrypt_for": sp_key_pair.certificate, **knobs["encrypt"]}
    assert refusal(respond(fake, **knobs), expect) == (code, False)


def test_a_status_names_itself_for_the_log_and_not_the_message_of_a_stranger(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(
        fake,
        status="urn:oasis:names:tc:SAML:2.0:status:Requester",
        status_nested="urn:oasis:names:tc:SAML:2.0:status:AuthnFailed",
        status_message="AADSTS50105: Ann Archer is not assigned",
    )
    with pytest.raises(JitprovError) as caught:
        verify_response(response, expect)
    assert str(caught.value) == "Requester / AuthnFailed"


def test_a_certificate_that_has_expired(expect: Expectation) -> None:
    expired = rsa_key_pair("expired", not_after=NOW - timedelta(days=1))
    fake = FakeIdentityProvider(key_pairs=[expired])
    refused = refusal(respond(fake), replace(expect, idp=fake.idp_metadata()))
    assert refused == ("certificate_expired", False)


def test_a_certificate_that_is_not_valid_yet_whatever_its_row_allows(expect: Expectation) -> None:
    early = rsa_key_pair("early", not_before=NOW + timedelta(days=1))
    fake = FakeIdentityProvider(key_pairs=[early])
    idp = fake.idp_metadata()
    allowing = replace(
        idp, signing_certificates=(replace(idp.signing_certificates[0], allow_expired=True),)
    )
    assert refusal(respond(fake), replace(expect, idp=allowing)) == ("certificate_expired", False)


def test_an_identity_provider_without_certificates(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    bare = replace(expect, idp=replace(expect.idp, signing_certificates=()))
    assert refusal(respond(fake), bare) == ("signature_invalid", False)


def test_the_key_of_another_tenant_s_identity_provider(expect: Expectation) -> None:
    other = FakeIdentityProvider(tenant_id="b7c9d1e2-0000-4000-8000-000000000002")
    response = respond(other, assertion_issuer=expect.idp.entity_id)
    assert refusal(response, expect) == ("signature_invalid", False)


# Encryption: nothing is told apart, because the differences are what a padding oracle is made of.


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


XENC = "{http://www.w3.org/2001/04/xmlenc#}"


@pytest.mark.parametrize("data", [DataEncryption.AES256_CBC, DataEncryption.AES256_GCM])
@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"mutate_after_signing": tamper_with_ciphertext}, id="altered ciphertext"),
        pytest.param({"mutate_after_signing": tamper_with_key}, id="altered key"),
        pytest.param({"sign": None}, id="plaintext that nobody signed"),
        pytest.param(
            {"mutate_before_encrypting": write(f"{SAML}NameID", "admin")}, id="altered plaintext"
        ),
        pytest.param(
            {"mutate_before_encrypting": drop(f"{DS}SignedInfo")}, id="a broken signature inside"
        ),
        pytest.param(
            {"signature_algorithm": SignatureAlgorithm.RSA_SHA1}, id="a weak signature inside"
        ),
        pytest.param({"signing_key_pair": rsa_key_pair("stranger")}, id="a stranger's signature"),
        pytest.param(
            {"mutate_after_signing": drop(f"{XENC}EncryptedKey")}, id="no key to decrypt with"
        ),
        pytest.param({"mutate_after_signing": drop(f"{XENC}CipherData")}, id="no ciphertext"),
        pytest.param(
            {"mutate_after_signing": write(f"{XENC}CipherValue", "*")}, id="not even base64"
        ),
        pytest.param(
            {"mutate_after_signing": double(f"{XENC}EncryptedData")}, id="two ciphertexts"
        ),
    ],
)
def test_a_failed_decryption_looks_like_a_bad_signature(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    knobs: dict[str, Any],
    data: DataEncryption,
) -> None:
    response = respond(fake, encrypt_for=sp_key_pair.certificate, data_encryption=data, **knobs)
    assert refusal(response, expect) == ("signature_invalid", False)


def test_the_text_of_a_failed_decryption_tells_nothing_either(
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
def test_weak_encryption_is_refused_by_name(
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


def test_an_unknown_digest_of_the_key_encryption(
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


def test_an_encrypted_assertion_without_a_key_of_ours(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    keyless = replace(expect, sp=replace(expect.sp, key_pairs=()))
    response = respond(fake, encrypt_for=sp_key_pair.certificate)
    assert refusal(response, keyless) == ("decryption_key_missing", False)


def test_an_assertion_that_was_encrypted_for_somebody_else(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(fake, encrypt_for=rsa_key_pair("somebody else").certificate)
    assert refusal(response, expect) == ("signature_invalid", False)


def test_an_encrypted_assertion_inside_an_encrypted_assertion(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    def hide(root: etree._Element) -> None:
        etree.SubElement(find(root, f"{SAML}Assertion"), f"{SAML}EncryptedAssertion")

    response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_before_encrypting=hide)
    assert refusal(response, expect) == ("signature_invalid", False)


# Bytes that are no response at all.


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


@pytest.mark.parametrize(
    ("saml_response", "code"),
    [
        pytest.param("", "response_missing", id="nothing"),
        pytest.param("%%%", "response_not_base64", id="not base64"),
        pytest.param("AAA", "response_not_base64", id="half a base64 group"),
        pytest.param("é", "response_not_base64", id="not ASCII"),
        pytest.param(encoded("hello"), "not_xml", id="text"),
        pytest.param(encoded("<a>"), "not_xml", id="an unclosed element"),
        pytest.param(base64.b64encode(b"<a>\xff</a>").decode(), "not_xml", id="not UTF-8"),
        pytest.param(encoded("<a>&b;</a>"), "not_xml", id="an entity that nobody declared"),
        pytest.param(
            encoded('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "forbidden_xml", id="an entity"
        ),
        pytest.param(encoded("<!DOCTYPE a><a/>"), "forbidden_xml", id="a DTD"),
        pytest.param(encoded("<a><?b c?></a>"), "forbidden_xml", id="a processing instruction"),
        pytest.param(encoded("<?b c?><a/>"), "forbidden_xml", id="one before the root"),
        pytest.param(
            encoded("<a>" * 25 + "</a>" * 25), "message_too_complex", id="nested too deeply"
        ),
        pytest.param(
            encoded("<a>" + "<b/>" * 20_001 + "</a>"), "message_too_complex", id="too many nodes"
        ),
        pytest.param(
            encoded("<a>" + "b" * 512 * 1024 + "</a>"), "message_too_large", id="too many bytes"
        ),
        pytest.param("A" * 4_000_000, "message_too_large", id="too many characters"),
        pytest.param(encoded("<a/>"), "not_a_response", id="other XML"),
        pytest.param(
            encoded(
                '<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ID="a"/>'
            ),
            "not_a_response",
            id="a bare assertion",
        ),
    ],
)
def test_bytes_that_are_no_response(expect: Expectation, saml_response: str, code: str) -> None:
    assert refusal(saml_response, expect) == (code, False)


@pytest.mark.parametrize(
    "key_bytes",
    [pytest.param(16, id="a key of another length"), pytest.param(32, id="padding that is none")],
)
def test_a_content_key_of_the_attacker_s_choice(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair, key_bytes: int
) -> None:
    """Our public key is public: anybody can encrypt any key, and any bytes with it, for us."""
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


def test_plaintext_that_is_another_encrypted_assertion(
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


def test_an_elliptic_curve_signature_of_the_wrong_length(expect: Expectation) -> None:
    fake = FakeIdentityProvider(key_pairs=[ec_key_pair("idp")])
    response = respond(
        fake,
        signature_algorithm=SignatureAlgorithm.ECDSA_SHA256,
        mutate_after_signing=write(f"{DS}SignatureValue", "AAAA"),
    )
    refused = refusal(response, replace(expect, idp=fake.idp_metadata()))
    assert refused == ("signature_invalid", False)


def test_a_signature_object_in_which_anything_could_hide(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(fake, mutate_after_signing=add_object)
    assert refusal(response, expect) == ("signature_malformed", False)


def test_an_expired_certificate_is_named_also_when_the_assertion_is_encrypted(
    expect: Expectation, sp_key_pair: KeyPair
) -> None:
    expired = rsa_key_pair("expired", not_after=NOW - timedelta(days=1))
    fake = FakeIdentityProvider(key_pairs=[expired])
    response = respond(fake, encrypt_for=sp_key_pair.certificate)
    refused = refusal(response, replace(expect, idp=fake.idp_metadata()))
    assert refused == ("certificate_expired", False)


def test_an_element_that_nobody_signed_is_never_returned(fake: FakeIdentityProvider) -> None:
    with pytest.raises(SignatureMissing):
        verify_enveloped(
            etree.fromstring("<a ID='x'/>"), fake.idp_metadata().signing_certificates, now=NOW
        )


def test_a_signature_before_everything_else_in_the_assertion(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    """Its place does not matter to the first verifier; the second keeps to the schema."""

    def move_up(root: etree._Element) -> None:
        assertion = find(root, f"{SAML}Assertion")
        assertion.insert(0, find(assertion, f"{DS}Signature"))

    response = respond(fake, mutate_after_signing=move_up)
    assert refusal(response, expect) == ("verifiers_disagree", True)


@pytest.mark.parametrize("place", ["Subject", "Signature", "SignedInfo"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["in the open", "encrypted"])
def test_a_relative_namespace_which_can_not_be_canonical(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    *,
    place: str,
    encrypted: bool,
) -> None:
    def declare(root: etree._Element) -> None:
        element = find(root, f"{DS if place.startswith('Sign') else SAML}{place}")
        element.set("{relative}a", "")

    knobs: dict[str, Any] = {"encrypt_for": sp_key_pair.certificate} if encrypted else {}
    code = refusal(respond(fake, mutate_before_encrypting=declare, **knobs), expect)[0]
    assert code == ("signature_invalid" if encrypted else "signature_malformed")


@pytest.mark.parametrize(
    "first", [pytest.param(0, id="the first is ours"), pytest.param(4, id="it is nobody's")]
)
def test_an_algorithm_that_we_do_not_accept_does_not_tell_whether_another_key_was_ours(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair, first: int
) -> None:
    """Both fail in the same way, or whoever has recorded an assertion could try keys on us."""

    def mutate(root: etree._Element) -> None:
        key = find(root, f"{XENC}EncryptedKey")
        second = deepcopy(key)
        find(second, f"{XENC}EncryptionMethod").set("Algorithm", "urn:nonsense")
        key.addnext(second)
        value = find(key, f"{XENC}CipherValue")
        value.text = "A" * first + (value.text or "").strip()[first:]

    response = respond(fake, encrypt_for=sp_key_pair.certificate, mutate_after_signing=mutate)
    assert refusal(response, expect) == ("algorithm_not_allowed", False)


def test_our_own_key_that_can_not_be_used(
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
    began = time.process_time()
    assert refusal(response, expect) == ("signature_invalid", False)
    assert time.process_time() - began < 0.2


def test_a_status_can_neither_forge_a_line_of_the_log_nor_fill_it(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    def forge(root: etree._Element) -> None:
        code = find(root, f"{SAMLP}StatusCode")
        code.set("Value", "urn:x:\nINFO sign-in ABC created")
        for _ in range(1000):
            code.append(deepcopy(code) if len(code) == 0 else deepcopy(code[0]))

    with pytest.raises(StatusNotSuccess) as caught:
        verify_response(respond(fake, mutate_after_signing=forge), expect)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 300
