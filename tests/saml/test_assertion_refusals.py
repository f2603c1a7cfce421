"""A refusal states facts of configuration for a tenant's admin: few, short and without personal data."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from jitprov.exceptions import MAX_EXPECTED_LENGTH, JitprovError, bounded
from jitprov.saml.response import BEARER, Expectation, verify_response
from jitprov.saml.time import apart
from jitprov.saml.types import KeyPair
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import certificate_of, rsa_key_pair
from jitprov.testing.knobs import DigestAlgorithm, SignatureAlgorithm
from tests.saml.conftest import ACS_URL, NOW, REQUEST_ID, SKEW
from tests.saml.mutations import DS, SAML, SAMLP, double, find, unset, write
from tests.saml.test_response_accepted import respond
from tests.saml.test_response_refused import (
    add_condition,
    add_encrypted_attribute,
    encrypt_the_name_id,
)

STATUS = "urn:oasis:names:tc:SAML:2.0:status:"


def refused(saml_response: str, expect: Expectation) -> JitprovError:
    with pytest.raises(JitprovError) as caught:
        verify_response(saml_response, expect)
    return caught.value


def facts(saml_response: str, expect: Expectation) -> tuple[str, tuple[str, ...]]:
    error = refused(saml_response, expect)
    return error.expected, error.received


def test_a_refusal_has_no_facts_unless_it_states_them() -> None:
    assert (JitprovError().expected, JitprovError().received) == ("", ())


def test_stated_facts_are_few_short_and_printable() -> None:
    error = JitprovError("text").stating(
        expected="e" * 2000, received=["a\nb\u202e", "r" * 300, *map(str, range(20))]
    )
    assert str(error) == "text"
    assert len(error.expected) == MAX_EXPECTED_LENGTH
    assert error.received == ("a\\nb\\u202e", "r" * 200, *map(str, range(8)))
    assert bounded(["\u202e" * 200]) == (("\\u202e" * 200)[:200],)


@pytest.mark.parametrize(
    ("knobs", "expected", "received"),
    [
        ({"recipient": None}, ACS_URL, ()),
        ({"destination": ""}, ACS_URL, ("",)),
        ({"assertion_version": "1.1"}, "Version 2.0", ("1.1",)),
        ({"assertion_version": None}, "Version 2.0", ()),
        ({"subject": False}, "1 Subject", ("0 Subject",)),
        ({"authn_statements": 2}, "1 AuthnStatement", ("2 AuthnStatement",)),
        ({"assertion_issue_instant": None}, "IssueInstant (xs:dateTime)", ()),
        ({"not_on_or_after": "never"}, "NotOnOrAfter (xs:dateTime)", ("never",)),
        ({"confirmation_method": "urn:x"}, BEARER, ("urn:x",)),
        (
            {"confirmation_not_before": "2026-03-02T09:20:30Z"},
            "2026-03-02T09:15:30Z ± 120 s",
            ("2026-03-02T09:20:30Z",),
        ),
        ({"in_response_to": None}, "InResponseTo", ()),
        ({"confirmation_in_response_to": "id-other"}, "InResponseTo", ("id-other",)),
        (
            {"mutate_before_signing": add_condition},
            "AudienceRestriction, OneTimeUse, ProxyRestriction",
            (f"{SAML}Condition",),
        ),
        ({"mutate_before_signing": double(f"{SAML}NameID")}, "1 NameID", ("2 NameID",)),
        ({"mutate_before_signing": encrypt_the_name_id}, "NameID", ("EncryptedID",)),
        ({"mutate_before_signing": add_encrypted_attribute}, "Attribute", ("EncryptedAttribute",)),
        ({"mutate_before_signing": unset(f"{SAML}Attribute", "Name")}, "Attribute Name", ()),
    ],
)
def test_a_refusal_states_what_its_rule_expected_and_what_came(
    fake: FakeIdentityProvider,
    expect: Expectation,
    knobs: dict[str, Any],
    expected: str,
    received: tuple[str, ...],
) -> None:
    assert facts(respond(fake, **knobs), expect) == (expected, received)


@pytest.mark.parametrize(
    ("code", "knobs", "difference"),
    [
        ("expired", {"not_on_or_after": NOW - timedelta(minutes=5)}, timedelta(minutes=-5)),
        (
            "expired",
            {"confirmation_not_on_or_after": NOW - timedelta(hours=1)},
            timedelta(hours=-1),
        ),
        ("not_yet_valid", {"not_before": NOW + timedelta(minutes=7)}, timedelta(minutes=7)),
        ("not_yet_valid", {"authn_instant": NOW + timedelta(minutes=7)}, timedelta(minutes=7)),
        (
            "session_over",
            {"session_not_on_or_after": NOW - timedelta(minutes=3)},
            timedelta(minutes=-3),
        ),
        ("authentication_too_old", {"authn_instant": NOW - timedelta(days=2)}, timedelta(days=-2)),
    ],
)
def test_the_difference_of_the_clocks_follows_from_a_refusal(
    fake: FakeIdentityProvider,
    expect: Expectation,
    code: str,
    knobs: dict[str, Any],
    difference: timedelta,
) -> None:
    forcing = replace(expect, pending={REQUEST_ID: NOW})
    error = refused(respond(fake, **{"authn_instant": NOW, **knobs}), forcing)
    assert error.code == code
    assert error.expected == f"2026-03-02T09:15:30Z ± {SKEW.seconds} s"
    assert apart(error.expected, *error.received) == difference


def test_texts_that_are_no_moments_have_no_difference() -> None:
    assert apart("", "2026-03-02T09:15:30Z") is None
    assert apart("2026-03-02T09:15:30Z", "yesterday") is None


def test_the_certificate_that_the_message_names_is_stated_as_received(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    stranger = rsa_key_pair("stranger")
    expected, received = facts(respond(fake, signing_key_pair=stranger), expect)
    assert expected == expect.idp.signing_certificates[0].fingerprint
    assert received == (f"KeyInfo: {certificate_of(stranger.certificate).fingerprint}",)


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({"key_info_certificate": None}, id="no certificate in the message"),
        pytest.param(
            {"mutate_after_signing": write(f"{DS}X509Certificate", "MIIB")}, id="not a certificate"
        ),
    ],
)
def test_an_unreadable_certificate_in_the_message_is_not_stated(
    fake: FakeIdentityProvider, expect: Expectation, knobs: dict[str, Any]
) -> None:
    response = respond(fake, signing_key_pair=rsa_key_pair("stranger"), **knobs)
    assert facts(response, expect)[1] == ()


def test_the_certificate_inside_an_encrypted_message_is_not_stated(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    stranger = rsa_key_pair("stranger")
    response = respond(fake, signing_key_pair=stranger, encrypt_for=sp_key_pair.certificate)
    assert facts(response, expect) == (expect.idp.signing_certificates[0].fingerprint, ())


def test_an_expired_certificate_is_stated_with_its_dates(expect: Expectation) -> None:
    pair = rsa_key_pair(
        "expired", not_before=NOW - timedelta(days=9), not_after=NOW - timedelta(days=1)
    )
    fake = FakeIdentityProvider(key_pairs=[pair])
    assert facts(respond(fake), replace(expect, idp=fake.idp_metadata())) == (
        "2026-03-02T09:15:30Z",
        (
            certificate_of(pair.certificate).fingerprint,
            "2026-02-21T09:15:30Z/2026-03-01T09:15:30Z",
        ),
    )


@pytest.mark.parametrize(
    ("knobs", "received"),
    [
        (
            {"signature_algorithm": SignatureAlgorithm.RSA_SHA1},
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        ),
        (
            {"digest_algorithm": DigestAlgorithm.SHA1},
            "http://www.w3.org/2000/09/xmldsig#sha1",
        ),
    ],
)
def test_a_weak_algorithm_is_stated_with_those_that_are_allowed(
    fake: FakeIdentityProvider, expect: Expectation, knobs: dict[str, Any], received: str
) -> None:
    expected, came = facts(respond(fake, **knobs), expect)
    assert came == (received,)
    assert "sha256" in expected


def test_an_absent_algorithm_is_stated_as_nothing_received(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(fake, mutate_after_signing=unset(f"{DS}CanonicalizationMethod", "Algorithm"))
    assert facts(response, expect) == ("http://www.w3.org/2001/10/xml-exc-c14n#", ())


def test_a_status_keeps_of_its_message_only_the_code_of_entra(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(
        fake,
        status=f"{STATUS}Requester",
        status_nested=f"{STATUS}AuthnFailed",
        status_message="AADSTS50105: Ann Archer is not assigned, AADSTS7",
    )
    assert facts(response, expect) == (
        f"{STATUS}Success",
        (f"{STATUS}Requester", f"{STATUS}AuthnFailed", "AADSTS50105"),
    )


@pytest.mark.parametrize("message", ["Ann Archer", "AADSTSAnn", "AADSTS1234567890", ""])
def test_nothing_is_kept_of_a_status_message_without_a_code_of_entra(
    fake: FakeIdentityProvider, expect: Expectation, message: str
) -> None:
    response = respond(fake, status=f"{STATUS}Responder", status_message=message)
    assert facts(response, expect)[1] == (f"{STATUS}Responder",)


def test_the_code_of_entra_is_kept_among_many_statuses(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    def multiply(root: etree._Element) -> None:
        code = find(root, f"{SAMLP}StatusCode")
        for _ in range(30):
            etree.SubElement(code, f"{SAMLP}StatusCode").set("Value", f"{STATUS}AuthnFailed")

    response = respond(
        fake,
        status=f"{STATUS}Responder",
        status_message="AADSTS50105",
        mutate_after_signing=multiply,
    )
    received = facts(response, expect)[1]
    assert (len(received), received[-1]) == (10, "AADSTS50105")
