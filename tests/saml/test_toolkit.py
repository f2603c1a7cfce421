"""The two verifiers must agree, and damaged bytes lead to a refusal, never to a crash."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from typing import Any

import pytest
import xmlsec
from lxml import etree
from onelogin.saml2 import constants, response, utils, xml_utils

from jitprov.exceptions import JitprovError
from jitprov.saml import toolkit
from jitprov.saml.assertion_refusals import VerifiersDisagree
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.types import KeyPair, NameID
from jitprov.testing import FakeIdentityProvider
from tests.saml.conftest import REQUEST_ID
from tests.saml.mutations import damage
from tests.saml.test_response_accepted import respond

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"


def foreign_statement(root: etree._Element) -> None:
    assertion = next(root.iter(f"{SAML}Assertion"))
    etree.SubElement(assertion, "{urn:x}Statement")


def text_beside_a_name_id(root: etree._Element) -> None:
    value = next(root.iter(f"{SAML}AttributeValue"))
    value.text = "text"
    etree.SubElement(value, f"{SAML}NameID").text = "name"


@pytest.mark.parametrize(
    ("mutation", "message"),
    [
        pytest.param(
            foreign_statement,
            "OneLogin_Saml2_ValidationError 14",
            id="the second refuses what its schema does not know",
        ),
        pytest.param(
            text_beside_a_name_id,
            "they read different values",
            id="the second reads two values where the first reads one",
        ),
    ],
)
def test_a_response_that_only_one_verifier_accepts_is_refused(
    fake: FakeIdentityProvider, expect: Expectation, mutation: Any, message: str
) -> None:
    with pytest.raises(VerifiersDisagree, match=f"^{message}$") as caught:
        verify_response(respond(fake, mutate_before_signing=mutation), expect)
    assert caught.value.origin_verified


def test_the_id_of_another_request_on_the_unsigned_envelope_is_refused(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(
        fake, response_in_response_to="id-other", confirmation_in_response_to=REQUEST_ID
    )
    with pytest.raises(VerifiersDisagree, match="15"):
        verify_response(response, expect)


def test_the_installed_library_is_not_altered() -> None:
    for module in (response, utils):
        assert module.OneLogin_Saml2_XML is xml_utils.OneLogin_Saml2_XML
        assert module.OneLogin_Saml2_Constants is constants.OneLogin_Saml2_Constants
        assert module.OneLogin_Saml2_Utils is utils.OneLogin_Saml2_Utils
    assert utils.xmlsec is xmlsec
    assert constants.OneLogin_Saml2_Constants.ALLOWED_CLOCK_DRIFT == 300


def test_settings_are_kept_by_value(fake: FakeIdentityProvider, expect: Expectation) -> None:
    parties = toolkit.Parties.of(expect.sp, fake.idp_metadata(), ("pem",))
    again = toolkit.Parties.of(expect.sp, FakeIdentityProvider().idp_metadata(), ("pem",))
    changed = replace(parties, certificates=("another",))
    assert toolkit._settings(parties) is toolkit._settings(again)
    assert toolkit._settings(parties) is not toolkit._settings(changed)


def test_the_library_alone_would_accept_more(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    """The library accepts an assertion for another ACS whose URL contains ours: a reason for a first verifier."""
    response = respond(fake, recipient=f"{expect.sp.acs_url}of-somebody-else/")
    pems = tuple(certificate.pem for certificate in expect.idp.signing_certificates)
    read = toolkit.judge(
        base64.b64decode(response),
        decrypted=None,
        parties=toolkit.Parties.of(expect.sp, expect.idp, pems),
        request_id=REQUEST_ID,
        now=expect.now,
    )
    assert read.issuer == fake.entity_id
    with pytest.raises(JitprovError):
        verify_response(response, expect)


def test_a_failure_of_the_library_is_a_refusal(expect: Expectation) -> None:
    parties = toolkit.Parties.of(expect.sp, expect.idp, ())
    with pytest.raises(toolkit.ToolkitRefused):
        toolkit.judge(b"junk", decrypted=None, parties=parties, request_id=None, now=expect.now)


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("sign", ["assertion", "both"])
def test_damaged_responses_are_refused_and_never_crash(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    sign: Any,
    encrypted: bool,
) -> None:
    certificate = sp_key_pair.certificate if encrypted else None
    whole = base64.b64decode(respond(fake, sign=sign, encrypt_for=certificate))
    dice = random.Random(20260302)  # noqa: S311 -- the same damage every time
    for _ in range(150):
        damaged = damage(bytearray(whole), dice)
        if damaged == whole:
            continue
        try:
            verified = verify_response(base64.b64encode(damaged).decode(), expect)
        except JitprovError:
            continue
        # Only unsigned bytes may change without notice, and nothing of them is read.
        assert verified.name_id == NameID(
            value="Ann.Archer@acme.example",
            format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        )
