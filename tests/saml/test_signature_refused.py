"""A response is refused unless it is proved to be from the identity provider."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.assertion_refusals import NotBySchema
from jitprov.saml.envelope import StatusNotSuccess
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.signature import SignatureMissing, verify_enveloped
from jitprov.saml.types import KeyPair
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import ec_key_pair, rsa_key_pair
from jitprov.testing.knobs import DigestAlgorithm, KeyTransport, SignatureAlgorithm
from tests.saml.conftest import NOW
from tests.saml.mutations import (
    DS,
    SAML,
    SAMLP,
    Mutation,
    double,
    drop,
    find,
    put,
    refusal,
    write,
)
from tests.saml.test_response_accepted import respond


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


def put_inside_the_signature_value(root: etree._Element) -> None:
    etree.SubElement(find(root, f"{DS}SignatureValue"), "{urn:x}x")


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
        "signature_malformed",
        {"mutate_after_signing": put_inside_the_signature_value},
        "an element in the signature value",
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
def test_a_response_that_is_not_proved_to_be_the_identity_provider_s_is_refused(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    code: str,
    knobs: dict[str, Any],
) -> None:
    if "encrypt" in knobs:
        knobs = {"encrypt_for": sp_key_pair.certificate, **knobs["encrypt"]}
    assert refusal(respond(fake, **knobs), expect) == (code, False)


def test_the_log_gets_the_code_of_a_status_and_not_the_message_of_a_stranger(
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


def test_an_expired_certificate_is_refused(expect: Expectation) -> None:
    expired = rsa_key_pair("expired", not_after=NOW - timedelta(days=1))
    fake = FakeIdentityProvider(key_pairs=[expired])
    refused = refusal(respond(fake), replace(expect, idp=fake.idp_metadata()))
    assert refused == ("certificate_expired", False)


def test_a_certificate_that_is_not_valid_yet_is_refused_whatever_its_row_allows(
    expect: Expectation,
) -> None:
    early = rsa_key_pair("early", not_before=NOW + timedelta(days=1))
    fake = FakeIdentityProvider(key_pairs=[early])
    idp = fake.idp_metadata()
    allowing = replace(
        idp, signing_certificates=(replace(idp.signing_certificates[0], allow_expired=True),)
    )
    assert refusal(respond(fake), replace(expect, idp=allowing)) == ("certificate_expired", False)


def test_an_identity_provider_without_certificates_is_refused(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    bare = replace(expect, idp=replace(expect.idp, signing_certificates=()))
    assert refusal(respond(fake), bare) == ("signature_invalid", False)


def test_the_key_of_another_tenant_s_identity_provider_is_refused(expect: Expectation) -> None:
    other = FakeIdentityProvider(tenant_id="b7c9d1e2-0000-4000-8000-000000000002")
    response = respond(other, assertion_issuer=expect.idp.entity_id)
    assert refusal(response, expect) == ("signature_invalid", False)


def test_an_elliptic_curve_signature_of_the_wrong_length_is_refused(expect: Expectation) -> None:
    fake = FakeIdentityProvider(key_pairs=[ec_key_pair("idp")])
    response = respond(
        fake,
        signature_algorithm=SignatureAlgorithm.ECDSA_SHA256,
        mutate_after_signing=write(f"{DS}SignatureValue", "AAAA"),
    )
    refused = refusal(response, replace(expect, idp=fake.idp_metadata()))
    assert refused == ("signature_invalid", False)


def test_a_signature_with_an_object_in_it_is_refused(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(fake, mutate_after_signing=add_object)
    assert refusal(response, expect) == ("signature_malformed", False)


def test_an_element_that_nobody_signed_is_never_returned(fake: FakeIdentityProvider) -> None:
    with pytest.raises(SignatureMissing):
        verify_enveloped(
            etree.fromstring("<a ID='x'/>"), fake.idp_metadata().signing_certificates, now=NOW
        )


def test_a_signature_in_the_wrong_place_is_refused_and_named(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    """The first verifier accepts any place of the signature; the second keeps to the schema."""

    def move_up(root: etree._Element) -> None:
        assertion = find(root, f"{SAML}Assertion")
        assertion.insert(0, find(assertion, f"{DS}Signature"))

    response = respond(fake, mutate_after_signing=move_up)
    with pytest.raises(NotBySchema) as caught:
        verify_response(response, expect)
    assert caught.value.origin_verified
    assert caught.value.received == ("Signature",)


@pytest.mark.parametrize("place", ["Subject", "Signature", "SignedInfo"])
@pytest.mark.parametrize("encrypted", [False, True], ids=["in the open", "encrypted"])
def test_a_relative_namespace_in_what_is_signed_is_refused(
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
