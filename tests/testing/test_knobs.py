"""The default response of a fake identity provider, and the effect of every knob."""

from __future__ import annotations

import base64
from collections.abc import Mapping

import pytest
from lxml import etree

from jitprov.saml.types import NameID
from jitprov.testing import (
    ANN,
    COMMON_PREFIXES,
    DataEncryption,
    DigestAlgorithm,
    KeyTransport,
    Knobs,
    Person,
    SignatureAlgorithm,
)
from jitprov.testing.keys import certificate_body
from jitprov.testing.person import (
    AUTHENTICATION_METHODS_CLAIM,
    DISPLAY_NAME_CLAIM,
    EMAIL_CLAIM,
    GROUPS_CLAIM,
    GROUPS_LINK_CLAIM,
    IDENTITY_PROVIDER_CLAIM,
    OBJECT_ID_CLAIM,
    ROLE_CLAIM,
    TENANT_ID_CLAIM,
)
from tests.testing.fake_responses import (
    ACS_URL,
    NOON,
    SP_KEYS,
    STRANGER,
    found,
    idp,
    respond,
)

# Entra's shape


def test_the_parts_come_in_entras_order() -> None:
    [response] = found(respond(), "/samlp:Response")
    [assertion] = found(respond(), "//saml:Assertion")

    assert names(response) == ["Issuer", "Status", "Assertion"]
    assert names(assertion) == [
        "Issuer",
        "Signature",
        "Subject",
        "Conditions",
        "AttributeStatement",
        "AuthnStatement",
    ]


def names(element: etree._Element) -> list[str]:
    return [etree.QName(child).localname for child in element]


def test_only_the_protocol_namespace_has_a_prefix() -> None:
    [assertion] = found(respond(), "//saml:Assertion")

    assert {element.prefix for element in assertion.iter()} == {None}


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        pytest.param(
            "/samlp:Response/@IssueInstant", "2026-03-02T12:00:00.482Z", id="the response"
        ),
        pytest.param(
            "//saml:Assertion/@IssueInstant", "2026-03-02T12:00:00.470Z", id="the assertion, sooner"
        ),
        pytest.param("//@NotBefore", "2026-03-02T11:55:00.482Z", id="valid from five minutes ago"),
        pytest.param("//saml:Conditions/@NotOnOrAfter", "2026-03-02T13:00:00.482Z", id="an hour"),
        pytest.param(
            "//saml:SubjectConfirmationData/@NotOnOrAfter",
            "2026-03-02T13:00:00.482Z",
            id="to be confirmed within the same hour",
        ),
    ],
)
def test_times_have_entras_offsets(path: str, expected: str) -> None:
    assert found(respond(), path) == [expected]


def test_the_session_index_is_the_assertions_id() -> None:
    response = respond()

    assert found(response, "//@SessionIndex") == found(response, "//saml:Assertion/@ID")
    assert found(response, "//saml:Assertion/@ID") == [response.assertion_id]


def test_no_two_responses_share_an_id() -> None:
    ids = [each for _ in range(3) for each in found(respond(), "//@ID")]

    assert len(set(ids)) == 6


# People


def claims(person: Person) -> Mapping[str, object]:
    return person.claims(tenant_id=idp.tenant_id, issuer=idp.entity_id)


@pytest.mark.parametrize(
    ("person", "claim", "expected"),
    [
        pytest.param(ANN, DISPLAY_NAME_CLAIM, "Ann Archer", id="a display name"),
        pytest.param(ANN, TENANT_ID_CLAIM, idp.tenant_id, id="the provider's tenant"),
        pytest.param(ANN, IDENTITY_PROVIDER_CLAIM, idp.entity_id, id="a member's provider"),
        pytest.param(
            Person(object_id="1", home_idp="live.com"),
            IDENTITY_PROVIDER_CLAIM,
            "live.com",
            id="a guest's provider",
        ),
        pytest.param(
            Person(object_id="1", tenant_id="other"),
            TENANT_ID_CLAIM,
            "other",
            id="a tenant of choice",
        ),
        pytest.param(Person(object_id="1", roles=["Admin"]), ROLE_CLAIM, ["Admin"], id="a role"),
        pytest.param(
            Person(object_id="1", extra={"department": "Ops"}), "department", "Ops", id="an extra"
        ),
        pytest.param(
            Person(object_id="77", groups=["g"], group_overage=True),
            GROUPS_LINK_CLAIM,
            f"https://graph.windows.net/{idp.tenant_id}/users/77/getMemberObjects",
            id="a link in place of too many groups",
        ),
    ],
)
def test_a_person_has_a_claim(person: Person, claim: str, expected: object) -> None:
    assert claims(person)[claim] == expected


def test_a_blank_value_gives_no_claim() -> None:
    assert set(claims(Person(object_id="1"))) == {
        TENANT_ID_CLAIM,
        OBJECT_ID_CLAIM,
        IDENTITY_PROVIDER_CLAIM,
        AUTHENTICATION_METHODS_CLAIM,
    }
    assert GROUPS_CLAIM not in claims(Person(object_id="1", groups=["g"], group_overage=True))


def test_a_value_is_escaped() -> None:
    awkward = '<b>&amp;</b> "O\'Hara" ]]> Łódź'
    response = respond(attributes={"x": awkward}, name_id=awkward)

    assert found(response, "//saml:Attribute[@Name='x']/saml:AttributeValue/text()") == [awkward]
    assert found(response, "//saml:NameID/text()") == [awkward]


# The effect of every knob

INSTANT = "2030-01-01T00:00:00Z"
VALUES = "//saml:Attribute[@Name='x']/saml:AttributeValue"

ALTERED: list[tuple[Knobs, str, object]] = [
    (
        {"now": NOON.replace(year=2027)},
        "/samlp:Response/@IssueInstant",
        ["2027-03-02T12:00:00.482Z"],
    ),
    ({"name_id": None}, "//saml:NameID", []),
    ({"name_id": "bo"}, "//saml:NameID/text()", ["bo"]),
    ({"name_id": NameID(value="bo")}, "//saml:NameID/@*", []),
    ({"name_id": NameID(value="bo", format="f")}, "//saml:NameID/@Format", ["f"]),
    ({"name_id": NameID(value="b", name_qualifier="q")}, "//@NameQualifier", ["q"]),
    ({"name_id": NameID(value="b", sp_name_qualifier="q")}, "//@SPNameQualifier", ["q"]),
    ({"attributes": {"x": ["1", "2"]}}, f"{VALUES}/text()", ["1", "2"]),
    ({"attributes": {"x": []}}, f"count({VALUES})", 0.0),
    ({"attributes": {"x": []}}, "count(//saml:Attribute[@Name='x'])", 1.0),
    ({"attributes": {"x": ""}}, f"string({VALUES})", ""),
    ({"attributes": {"x": [None]}}, f"{VALUES}/@xsi:nil", ["true"]),
    ({"attributes": {"x": [NameID(value="n")]}}, f"{VALUES}/saml:NameID/text()", ["n"]),
    ({"attributes": {EMAIL_CLAIM: None}}, f"//saml:Attribute[@Name='{EMAIL_CLAIM}']", []),
    ({"response_id": None}, "/samlp:Response/@ID", []),
    ({"response_version": "1.1"}, "/samlp:Response/@Version", ["1.1"]),
    ({"response_issue_instant": INSTANT}, "/samlp:Response/@IssueInstant", [INSTANT]),
    ({"response_in_response_to": None}, "/samlp:Response/@InResponseTo", []),
    ({"response_in_response_to": None}, "count(//@InResponseTo)", 1.0),
    ({"response_issuer": None}, "/samlp:Response/saml:Issuer", []),
    ({"destination": None}, "//@Destination", []),
    ({"status": None}, "//samlp:Status", []),
    ({"status": "urn:x"}, "/samlp:Response/samlp:Status/samlp:StatusCode/@Value", ["urn:x"]),
    ({"status": "urn:x"}, "//saml:Assertion", []),
    ({"status": "urn:x", "with_assertion": True}, "count(//saml:Assertion)", 1.0),
    ({"with_assertion": False}, "//saml:Assertion", []),
    ({"status_nested": "urn:y"}, "//samlp:StatusCode/samlp:StatusCode/@Value", ["urn:y"]),
    ({"status_message": "AADSTS50105: no"}, "//samlp:StatusMessage/text()", ["AADSTS50105: no"]),
    ({"assertion_id": "_a"}, "//saml:Assertion/@ID", ["_a"]),
    ({"assertion_id": None, "sign": None}, "//saml:Assertion/@ID", []),
    ({"assertion_version": "1.1"}, "//saml:Assertion/@Version", ["1.1"]),
    ({"assertion_issue_instant": None}, "//saml:Assertion/@IssueInstant", []),
    ({"assertion_issuer": None}, "//saml:Assertion/saml:Issuer", []),
    ({"assertion_issuer": None}, "name(//saml:Assertion/*[1])", "Signature"),
    ({"subject": False}, "//saml:Subject", []),
    ({"confirmation_method": "urn:m"}, "//saml:SubjectConfirmation/@Method", ["urn:m"]),
    ({"confirmation_method": None}, "//saml:SubjectConfirmation", []),
    ({"confirmation_data": False}, "//saml:SubjectConfirmationData", []),
    ({"recipient": None}, "//@Recipient", []),
    ({"confirmation_in_response_to": "i"}, "//saml:SubjectConfirmationData/@InResponseTo", ["i"]),
    ({"confirmation_not_before": NOON}, "count(//saml:SubjectConfirmationData/@NotBefore)", 1.0),
    ({"confirmation_not_on_or_after": None}, "//saml:SubjectConfirmationData/@NotOnOrAfter", []),
    ({"confirmation_address": "192.0.2.1"}, "//@Address", ["192.0.2.1"]),
    ({"conditions": False}, "//saml:Conditions", []),
    ({"not_before": None}, "//saml:Conditions/@NotBefore", []),
    ({"not_on_or_after": INSTANT}, "//saml:Conditions/@NotOnOrAfter", [INSTANT]),
    ({"audience_restrictions": []}, "//saml:AudienceRestriction", []),
    ({"audience_restrictions": [["a", "b"], ["c"]]}, "count(//saml:AudienceRestriction)", 2.0),
    ({"audience_restrictions": [["a", "b"], ["c"]]}, "//saml:Audience/text()", ["a", "b", "c"]),
    ({"one_time_use": True}, "count(//saml:Conditions/saml:OneTimeUse)", 1.0),
    ({"authn_statements": 2}, "count(//saml:AuthnStatement)", 2.0),
    ({"authn_instant": None}, "//@AuthnInstant", []),
    ({"session_index": "s"}, "//@SessionIndex", ["s"]),
    ({"session_not_on_or_after": INSTANT}, "//@SessionNotOnOrAfter", [INSTANT]),
    ({"authn_context": None}, "//saml:AuthnContext", []),
    ({"attribute_statements": 2}, "count(//saml:AttributeStatement)", 2.0),
    ({"attribute_statements": 0}, "//saml:AttributeStatement", []),
    ({"attribute_name_format": "urn:f"}, "count(//saml:Attribute[@NameFormat='urn:f'])", 10.0),
    ({"attribute_type": "xs:string"}, "count(//@xsi:type)", 11.0),
    ({"attribute_per_value": True}, f"count(//saml:Attribute[@Name='{GROUPS_CLAIM}'])", 2.0),
    ({"sign": None}, "//ds:Signature", []),
    ({"sign": "both"}, "count(//ds:Signature)", 2.0),
    ({"sign": "response"}, "name(/samlp:Response/*[2])", "Signature"),
    (
        {"signing_key_pair": STRANGER},
        "//ds:X509Certificate/text()",
        [certificate_body(STRANGER.certificate)],
    ),
    (
        {"signature_algorithm": SignatureAlgorithm.RSA_SHA512},
        "//@Algorithm[contains(., '512')]",
        [SignatureAlgorithm.RSA_SHA512],
    ),
    (
        {"digest_algorithm": DigestAlgorithm.SHA384},
        "//ds:DigestMethod/@Algorithm",
        [DigestAlgorithm.SHA384],
    ),
    (
        {"canonicalization": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"},
        "//ds:CanonicalizationMethod/@Algorithm",
        ["http://www.w3.org/TR/2001/REC-xml-c14n-20010315"],
    ),
    ({"transforms": ["http://www.w3.org/2001/10/xml-exc-c14n#"]}, "count(//ds:Transform)", 1.0),
    ({"inclusive_prefixes": ["xs", "samlp"]}, "//@PrefixList", ["xs samlp"]),
    ({"key_info_certificate": None}, "//ds:KeyInfo", []),
    ({"encrypt_for": SP_KEYS.certificate}, "count(/*/saml:EncryptedAssertion)", 1.0),
    (
        {"encrypt_for": SP_KEYS.certificate, "data_encryption": DataEncryption.AES128_GCM},
        "//xenc:EncryptedData/xenc:EncryptionMethod/@Algorithm",
        [DataEncryption.AES128_GCM],
    ),
    (
        {"encrypt_for": SP_KEYS.certificate, "key_transport": KeyTransport.RSA_1_5},
        "//xenc:EncryptedKey/xenc:EncryptionMethod/@Algorithm",
        [KeyTransport.RSA_1_5],
    ),
    (
        {"encrypt_for": SP_KEYS.certificate, "retrieval_method": True},
        "count(//saml:EncryptedAssertion/xenc:EncryptedKey)",
        1.0,
    ),
    ({"prefixes": COMMON_PREFIXES}, "name(//ds:Signature)", "ds:Signature"),
    ({"fraction_digits": 7}, "/samlp:Response/@IssueInstant", ["2026-03-02T12:00:00.4823170Z"]),
    ({"fraction_digits": 0}, "/samlp:Response/@IssueInstant", ["2026-03-02T12:00:00Z"]),
    ({"indent": True}, "string-length(normalize-space(//saml:Subject/text())) = 0", True),
    ({"comments": True}, "count(//saml:NameID/comment())", 1.0),
    ({"mutate_before_signing": lambda root: root.set("ID", "_m")}, "/*/@ID", ["_m"]),
    ({"mutate_before_encrypting": lambda root: root.set("ID", "_m")}, "/*/@ID", ["_m"]),
    ({"mutate_after_signing": lambda root: root.set("ID", "_m")}, "/*/@ID", ["_m"]),
]


@pytest.mark.parametrize(("knobs", "path", "expected"), ALTERED)
def test_every_knob_changes_the_message(knobs: Knobs, path: str, expected: object) -> None:
    assert found(respond(**knobs), path) == expected


def test_every_knob_has_a_test() -> None:
    turned = {name for knobs, _, _ in ALTERED for name in knobs} | {"relay_state"}

    assert turned == Knobs.__optional_keys__


def test_a_knob_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="unknown knobs: recipiant"):
        respond(recipiant=None)


def test_the_form_has_the_fields_that_a_browser_posts() -> None:
    response = respond(relay_state="opaque")

    assert set(response.form) == {"SAMLResponse", "RelayState"}
    assert base64.b64decode(response.form["SAMLResponse"]).decode() == response.xml
    assert response.acs_url == ACS_URL
    assert set(respond().form) == {"SAMLResponse"}
