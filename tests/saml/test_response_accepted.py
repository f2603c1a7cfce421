"""Responses of every usual shape are accepted, and read completely."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from lxml import etree

from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.types import IdpMetadata, KeyPair, NameID
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import certificate_of, ec_key_pair, rsa_key_pair
from jitprov.testing.knobs import (
    COMMON_PREFIXES,
    PYSAML2_PREFIXES,
    DataEncryption,
    DigestAlgorithm,
    KeyTransport,
    SignatureAlgorithm,
)
from jitprov.testing.person import ANN, EMAIL_CLAIM, GROUPS_CLAIM, OBJECT_ID_CLAIM
from tests.saml.conftest import ACS_URL, NOW, REQUEST_ID, SP_ENTITY_ID

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"


def respond(fake: FakeIdentityProvider, **knobs: Any) -> str:
    given = {"in_response_to": REQUEST_ID, "now": NOW, **knobs}
    return fake.respond(acs_url=ACS_URL, audience=SP_ENTITY_ID, **given).encoded


def with_idp(expect: Expectation, **changes: Any) -> Expectation:
    idp: IdpMetadata = replace(expect.idp, **changes)
    return replace(expect, idp=idp)


def test_everything_that_entra_sends_is_read(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = fake.respond(
        acs_url=ACS_URL, audience=SP_ENTITY_ID, in_response_to=REQUEST_ID, now=NOW
    )
    verified = verify_response(response.encoded, expect)
    assert verified.assertion_id == response.assertion_id
    assert verified.issuer == fake.entity_id
    assert verified.name_id == NameID(
        value=ANN.upn, format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    )
    assert verified.attributes[OBJECT_ID_CLAIM] == (ANN.object_id,)
    assert verified.attributes[EMAIL_CLAIM] == (ANN.email,)
    assert verified.attributes[GROUPS_CLAIM] == tuple(ANN.groups)
    assert verified.in_response_to == REQUEST_ID
    assert verified.not_on_or_after == NOW + timedelta(minutes=60)
    assert verified.authn_instant <= NOW
    assert verified.authn_context == "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
    assert verified.session_index == response.assertion_id
    assert verified.session_not_on_or_after is None


USUAL_SHAPES: list[Any] = [
    pytest.param({"sign": "assertion"}, id="Entra's default: only the assertion is signed"),
    pytest.param({"sign": "response"}, id="only the response is signed"),
    pytest.param({"sign": "both"}, id="both are signed, as Okta does"),
    pytest.param({"prefixes": COMMON_PREFIXES}, id="saml:, samlp: and ds: prefixes"),
    pytest.param({"prefixes": PYSAML2_PREFIXES}, id="one namespace under two prefixes"),
    pytest.param({"indent": True}, id="indented"),
    pytest.param({"indent": True, "sign": "both"}, id="indented and signed twice"),
    pytest.param({"fraction_digits": 7}, id="seven-digit fractions of a second"),
    pytest.param({"fraction_digits": 0}, id="whole seconds"),
    pytest.param({"key_info_certificate": None}, id="no KeyInfo: it is ignored anyway"),
    pytest.param({"signature_algorithm": SignatureAlgorithm.RSA_SHA384}, id="RSA with SHA-384"),
    pytest.param({"signature_algorithm": SignatureAlgorithm.RSA_SHA512}, id="RSA with SHA-512"),
    pytest.param({"digest_algorithm": DigestAlgorithm.SHA384}, id="a SHA-384 digest"),
    pytest.param({"digest_algorithm": DigestAlgorithm.SHA512}, id="a SHA-512 digest"),
    pytest.param({"response_issuer": None}, id="no Issuer on an unsigned Response"),
    pytest.param({"destination": None}, id="no Destination on an unsigned Response"),
    pytest.param({"response_in_response_to": None}, id="no InResponseTo on the Response"),
    pytest.param({"one_time_use": True}, id="a OneTimeUse condition, which we honour anyway"),
    pytest.param(
        {"not_before": None, "not_on_or_after": None}, id="conditions without a beginning or an end"
    ),
    pytest.param({"attribute_statements": 2}, id="several AttributeStatements"),
    pytest.param({"attribute_per_value": True}, id="one Attribute per value, as Keycloak does"),
    pytest.param({"attribute_type": "xs:string"}, id="typed values, as OneLogin does"),
    pytest.param(
        {"inclusive_prefixes": ["xs", "samlp"]},
        id="prefixes that are kept although nothing uses them, as Okta does",
    ),
    pytest.param({"comments": True}, id="comments in the middle of every value"),
    pytest.param({"confirmation_address": "192.0.2.1"}, id="an Address, which proxies change"),
    pytest.param({"session_not_on_or_after": NOW + timedelta(hours=8)}, id="a SessionNotOnOrAfter"),
    pytest.param(
        {"audience_restrictions": [["https://other.example", SP_ENTITY_ID]]},
        id="we are one of several audiences",
    ),
]


@pytest.mark.parametrize("knobs", USUAL_SHAPES)
def test_every_usual_shape_is_accepted(
    fake: FakeIdentityProvider, expect: Expectation, knobs: dict[str, Any]
) -> None:
    verified = verify_response(respond(fake, **knobs), expect)
    assert verified.attributes[GROUPS_CLAIM] == tuple(ANN.groups)
    assert verified.attributes[EMAIL_CLAIM] == (ANN.email,)
    assert verified.name_id is not None
    assert verified.name_id.value == ANN.upn


@pytest.mark.parametrize("prefixes", [COMMON_PREFIXES, PYSAML2_PREFIXES], ids=["same", "different"])
@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
@pytest.mark.parametrize("data", [DataEncryption.AES256_CBC, DataEncryption.AES256_GCM])
def test_encrypted_assertions_are_accepted_whatever_is_signed(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    prefixes: Any,
    sign: Any,
    data: DataEncryption,
) -> None:
    response = respond(
        fake,
        encrypt_for=sp_key_pair.certificate,
        prefixes=prefixes,
        sign=sign,
        data_encryption=data,
    )
    assert verify_response(response, expect).attributes[EMAIL_CLAIM] == (ANN.email,)


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"data_encryption": DataEncryption.AES128_CBC}, id="AES-128-CBC"),
        pytest.param({"data_encryption": DataEncryption.AES192_CBC}, id="AES-192-CBC"),
        pytest.param({"data_encryption": DataEncryption.AES128_GCM}, id="AES-128-GCM"),
        pytest.param({"key_transport": KeyTransport.RSA_OAEP}, id="OAEP with SHA-256"),
        pytest.param({"retrieval_method": True}, id="the key stands beside the data"),
    ],
)
def test_every_allowed_encryption_is_accepted(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair, knobs: dict[str, Any]
) -> None:
    response = respond(fake, encrypt_for=sp_key_pair.certificate, **knobs)
    assert verify_response(response, expect).attributes[EMAIL_CLAIM] == (ANN.email,)


def test_an_old_key_of_ours_still_decrypts_while_keys_roll_over(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    sp = replace(
        expect.sp, key_pairs=(ec_key_pair("ours"), rsa_key_pair("our new one"), sp_key_pair)
    )
    response = respond(fake, encrypt_for=sp_key_pair.certificate)
    assert verify_response(response, replace(expect, sp=sp)).name_id is not None


def test_elliptic_curve_keys_may_sign(expect: Expectation) -> None:
    fake = FakeIdentityProvider(key_pairs=[ec_key_pair("idp")])
    response = respond(fake, signature_algorithm=SignatureAlgorithm.ECDSA_SHA256)
    assert verify_response(response, replace(expect, idp=fake.idp_metadata())).name_id is not None


def test_any_of_several_certificates_may_sign_in_any_order(expect: Expectation) -> None:
    old, new = rsa_key_pair("old"), rsa_key_pair("new")
    fake = FakeIdentityProvider(key_pairs=[old, ec_key_pair("another"), new])
    response = respond(fake, signing_key_pair=new)
    assert verify_response(response, replace(expect, idp=fake.idp_metadata())).name_id is not None


def test_an_expired_certificate_is_accepted_where_its_row_allows_it(
    expect: Expectation,
) -> None:
    expired = rsa_key_pair("expired", not_after=NOW - timedelta(days=1))
    fake = FakeIdentityProvider(key_pairs=[expired])
    certificate = replace(certificate_of(expired.certificate), allow_expired=True)
    allowing = replace(
        expect, idp=replace(fake.idp_metadata(), signing_certificates=(certificate,))
    )
    assert verify_response(respond(fake), allowing).name_id is not None


@pytest.mark.parametrize(
    ("knobs", "late"),
    [
        pytest.param({}, timedelta(minutes=60, seconds=119), id="its end passed within the skew"),
        pytest.param({}, timedelta(minutes=-5, seconds=1), id="it began within the window"),
        pytest.param(
            {"not_before": NOW + timedelta(seconds=119)}, timedelta(0), id="their clock is ahead"
        ),
        pytest.param(
            {"session_not_on_or_after": NOW - timedelta(seconds=119)},
            timedelta(0),
            id="the session ended within the skew",
        ),
    ],
)
def test_clocks_may_differ_by_the_skew(
    fake: FakeIdentityProvider, expect: Expectation, knobs: dict[str, Any], late: timedelta
) -> None:
    early = {
        "authn_instant": NOW - timedelta(days=1),
        "assertion_issue_instant": NOW + min(late, timedelta(0)),
    }
    verified = verify_response(respond(fake, **early, **knobs), replace(expect, now=NOW + late))
    assert verified.name_id is not None


def test_a_session_that_began_weeks_ago_is_accepted(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    # Entra reuses sessions: an AuthnInstant of 81 days ago was seen.
    response = respond(fake, authn_instant=NOW - timedelta(days=81))
    assert verify_response(response, expect).authn_instant == NOW - timedelta(days=81)


def test_a_fresh_authentication_satisfies_a_request_that_forced_one(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    forcing = replace(expect, pending={REQUEST_ID: NOW - timedelta(seconds=30)})
    response = respond(fake, authn_instant=NOW - timedelta(seconds=10))
    assert verify_response(response, forcing).in_response_to == REQUEST_ID


def test_an_unsolicited_response_is_accepted_only_where_that_is_allowed(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    allowing = replace(expect, allow_unsolicited=True)
    assert verify_response(respond(fake, in_response_to=None), allowing).in_response_to is None


@pytest.mark.parametrize(
    ("values", "read"),
    [
        pytest.param([" Ops \n"], ("Ops",), id="white space around a value goes"),
        pytest.param([], (), id="an attribute without a value is there, without values"),
        pytest.param([None], (), id="xsi:nil is no value"),
        pytest.param(["", "Ops"], ("Ops",), id="an empty value is no value"),
        pytest.param([NameID(value="x1")], ("x1",), id="the NameID inside eduPersonTargetedID"),
        pytest.param(["Ωmega 🙂 <&>"], ("Ωmega 🙂 <&>",), id="any character there is"),
    ],
)
def test_the_values_of_an_attribute_are_read_without_blanks_and_empty_ones(
    fake: FakeIdentityProvider, expect: Expectation, values: list[Any], read: tuple[str, ...]
) -> None:
    verified = verify_response(respond(fake, attributes={"department": values}), expect)
    assert verified.attributes["department"] == read


@pytest.mark.parametrize(
    ("value", "read"),
    [
        pytest.param("\u00a0Ops\u2003", "\u00a0Ops\u2003", id="a space of Unicode is part of it"),
        pytest.param("\u00a0", "\u00a0", id="also where there is nothing else"),
    ],
)
def test_a_value_loses_no_more_than_the_white_space_of_xml(
    fake: FakeIdentityProvider, expect: Expectation, value: str, read: str
) -> None:
    verified = verify_response(respond(fake, attributes={"department": f" {value}\n"}), expect)
    assert verified.attributes["department"] == (read,)


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([NameID(value="x1", name_qualifier="https://other.example")], id="of another"),
        pytest.param([NameID(value="x1", sp_name_qualifier="https://o.example")], id="for another"),
    ],
)
def test_a_name_id_of_another_directory_in_a_value_is_not_read(
    fake: FakeIdentityProvider, expect: Expectation, values: list[Any]
) -> None:
    verified = verify_response(respond(fake, attributes={"targeted": values}), expect)
    assert verified.unreadable == {"targeted"}
    assert verified.attributes["targeted"] == ()


@pytest.mark.parametrize("name", ["{urn:x}x", f"{SAML}NameID"])
def test_a_value_with_elements_inside_is_not_read(
    fake: FakeIdentityProvider, expect: Expectation, name: str
) -> None:
    def put_two_inside(root: etree._Element) -> None:
        [value] = [item for item in root.iter(f"{SAML}AttributeValue") if item.text == "first"]
        for _ in range(2):
            etree.SubElement(value, name).text = "x"

    response = respond(
        fake, attributes={"department": ["first", "Ops"]}, mutate_before_signing=put_two_inside
    )
    verified = verify_response(response, expect)
    assert verified.unreadable == {"department"}
    assert verified.attributes["department"] == ("Ops",)


def test_people_without_any_attribute_are_accepted(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    verified = verify_response(respond(fake, person=None, name_id="ann@acme.example"), expect)
    assert dict(verified.attributes) == {}


def test_an_assertion_without_a_name_id_is_accepted(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    assert verify_response(respond(fake, name_id=None), expect).name_id is None


def test_one_good_confirmation_is_enough(fake: FakeIdentityProvider, expect: Expectation) -> None:
    def add_two(root: etree._Element) -> None:
        [good] = root.iter(f"{SAML}SubjectConfirmation")
        subject = good.getparent()
        assert subject is not None
        for method in ("urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", good.get("Method", "")):
            other = etree.fromstring(etree.tostring(good))
            other.set("Method", method)
            other[0].set("Recipient", "https://elsewhere.example/acs/")
            subject.insert(1, other)

    response = respond(fake, mutate_before_signing=add_two)
    assert verify_response(response, expect).in_response_to == REQUEST_ID


def test_an_assertion_is_remembered_until_its_last_confirmation_ends(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    def add_a_later_one(root: etree._Element) -> None:
        [confirmation] = root.iter(f"{SAML}SubjectConfirmation")
        later = etree.fromstring(etree.tostring(confirmation))
        later[0].set("NotOnOrAfter", "2026-03-02T20:00:00Z")
        confirmation.addnext(later)

    verified = verify_response(respond(fake, mutate_before_signing=add_a_later_one), expect)
    assert verified.not_on_or_after == datetime(2026, 3, 2, 20, tzinfo=UTC)


def test_a_name_id_may_be_qualified_with_both_entity_ids(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    name_id = NameID(
        value="p1", sp_name_qualifier=SP_ENTITY_ID, name_qualifier=expect.idp.entity_id
    )
    assert verify_response(respond(fake, name_id=name_id), expect).name_id == name_id


def test_each_row_may_have_its_own_entity_id_of_ours(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    sp = replace(expect.sp, entity_id="urn:app:kept-from-before")
    response = fake.respond(
        acs_url=ACS_URL, audience="urn:app:kept-from-before", in_response_to=REQUEST_ID, now=NOW
    )
    assert verify_response(response.encoded, replace(expect, sp=sp)).name_id is not None


def test_moments_may_be_in_another_time_zone() -> None:
    from jitprov.saml.time import parse_instant  # noqa: PLC0415

    expected = datetime(2026, 3, 2, 9, 15, 30, 482000, tzinfo=UTC)
    assert parse_instant("2026-03-02T10:15:30.482+01:00") == expected
    assert parse_instant("2026-03-02T09:15:30.4820000") == expected
