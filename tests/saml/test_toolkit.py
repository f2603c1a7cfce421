"""The two verifiers must agree, and damaged bytes lead to a refusal, never to a crash."""

from __future__ import annotations

import base64
import os
import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import xmlsec
from lxml import etree
from onelogin.saml2 import constants, response, utils, xml_utils

from jitprov.exceptions import JitprovError
from jitprov.saml import toolkit
from jitprov.saml.assertion_refusals import (
    AssertionMalformed,
    NotBySchema,
    RequestUnknown,
    VerifiersDisagree,
)
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.types import KeyPair, NameID
from jitprov.testing import FakeIdentityProvider
from tests.saml.conftest import NOW, REQUEST_ID
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


def in_another_encoding(fake: FakeIdentityProvider) -> str:
    """Return a response in UTF-8 that says it is in Latin-1: one parser is told the encoding, the other believes it."""
    document = base64.b64decode(respond(fake, attributes={"department": "Forêts"}))
    declared = b'<?xml version="1.0" encoding="ISO-8859-1"?>' + document
    return base64.b64encode(declared).decode()


def test_a_response_that_only_one_verifier_accepts_is_refused(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    with pytest.raises(VerifiersDisagree, match=r"^OneLogin_Saml2_ValidationError \d+$") as caught:
        verify_response(in_another_encoding(fake), expect)
    assert caught.value.origin_verified


def empty_statement(root: etree._Element) -> None:
    for attribute in [*root.iter(f"{SAML}Attribute")]:
        next(root.iter(f"{SAML}AttributeStatement")).remove(attribute)


def foreign_attribute_of_the_status(root: etree._Element) -> None:
    """The library takes the first attribute of a StatusCode for the status."""
    [code] = root.iter("{urn:oasis:names:tc:SAML:2.0:protocol}StatusCode")
    value = code.attrib.pop("Value")
    code.set("Note", "x")
    code.set("Value", value)


def no_issue_instant(root: etree._Element) -> None:
    del root.attrib["IssueInstant"]


@pytest.mark.parametrize(
    ("mutation", "part"),
    [
        pytest.param(foreign_statement, "Statement", id="an element that is not known"),
        pytest.param(empty_statement, "AttributeStatement", id="an empty AttributeStatement"),
        pytest.param(
            foreign_attribute_of_the_status, "StatusCode Note", id="an attribute that is not known"
        ),
        pytest.param(no_issue_instant, "Response", id="a Response without a time"),
        pytest.param(
            lambda root: root.set("IssueInstant", "yesterday"),
            "Response IssueInstant",
            id="a Response with an unreadable time",
        ),
        pytest.param(
            lambda root: next(root.iter(f"{SAML}Assertion")).set("ID", "4711"),
            "Assertion ID",
            id="an ID that begins with a digit",
        ),
    ],
)
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
def test_a_part_that_does_not_follow_the_schema_is_named(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    mutation: Any,
    part: str,
    encrypted: bool,
) -> None:
    certificate = sp_key_pair.certificate if encrypted else None
    response = respond(fake, mutate_before_signing=mutation, encrypt_for=certificate)
    with pytest.raises(NotBySchema) as caught:
        verify_response(response, expect)
    assert caught.value.received == (part,)
    assert caught.value.origin_verified


@pytest.mark.parametrize("tail", ["", "text"])
def test_text_beside_a_name_id_in_a_value_is_refused(
    fake: FakeIdentityProvider, expect: Expectation, tail: str
) -> None:
    def mutation(root: etree._Element) -> None:
        text_beside_a_name_id(root)
        value = next(root.iter(f"{SAML}AttributeValue"))
        value.text, value[0].tail = (None, tail) if tail else (value.text, None)

    with pytest.raises(AssertionMalformed, match=r"^text beside a NameID$"):
        verify_response(respond(fake, mutate_before_signing=mutation), expect)


def test_the_id_of_another_request_on_the_unsigned_envelope_is_refused(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(
        fake, response_in_response_to="id-other", confirmation_in_response_to=REQUEST_ID
    )
    with pytest.raises(RequestUnknown) as caught:
        verify_response(response, expect)
    assert caught.value.received == ("id-other",)


@pytest.mark.parametrize(
    "changed",
    [
        {"assertion_id": "_other"},
        {"issuer": "https://evil.example/"},
        {"name_id": "victim@acme.example"},
        {"name_id": None},
        {"attributes": {}},
    ],
    ids=str,
)
def test_other_values_than_ours_are_a_disagreement(
    fake: FakeIdentityProvider,
    expect: Expectation,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, Any],
) -> None:
    judge = toolkit.judge
    monkeypatch.setattr(toolkit, "judge", lambda *a, **k: replace(judge(*a, **k), **changed))
    with pytest.raises(VerifiersDisagree, match=r"^they read different values$"):
        verify_response(respond(fake), expect)


def test_a_moment_within_the_last_second_gets_the_same_verdict(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    """The library drops fractions of a second; that alone is no disagreement."""
    late = replace(expect, now=NOW + expect.skew + timedelta(milliseconds=300))
    response = respond(
        fake,
        session_not_on_or_after="2026-03-02T09:15:30.5Z",
        confirmation_not_on_or_after="2026-03-02T09:15:30.5Z",
        not_on_or_after="2026-03-02T09:15:30.5Z",
    )
    assert verify_response(response, late).name_id is not None


def test_clocks_as_far_apart_as_allowed_get_the_same_verdict(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    begin = NOW + expect.skew
    response = respond(fake, confirmation_not_before=begin, not_before=begin)
    assert verify_response(response, expect).name_id is not None


@pytest.mark.parametrize(
    "written",
    ["2026-03-02T11:10:30+02:00", "2026-03-02T09:10:30", "2026-03-02T09:10:30.123456789Z"],
    ids=["with an offset", "without a zone", "to the nanosecond"],
)
def test_every_form_of_a_time_in_the_standard_is_accepted_by_both(
    fake: FakeIdentityProvider, expect: Expectation, written: str
) -> None:
    response = respond(
        fake, not_before=written, confirmation_not_before=written, authn_instant=written
    )
    assert verify_response(response, expect).name_id is not None


@pytest.mark.parametrize("space", [" ", "\n", "\u00a0"])
def test_a_time_with_white_space_around_it_is_named(
    fake: FakeIdentityProvider, expect: Expectation, space: str
) -> None:
    with pytest.raises((AssertionMalformed, NotBySchema)) as caught:
        verify_response(respond(fake, not_before=f"{space}2026-03-02T09:10:30Z"), expect)
    assert caught.value.received


@pytest.mark.parametrize("sso_url", ["https://[::1]:8443/sso?x=ä", "https://a..b/"])
def test_a_sign_on_url_of_any_form_does_not_keep_the_second_verifier_from_judging(
    fake: FakeIdentityProvider, expect: Expectation, sso_url: str
) -> None:
    idp = replace(expect.idp, sso_url=sso_url)
    assert verify_response(respond(fake), replace(expect, idp=idp)).name_id is not None


def test_settings_that_the_library_refuses_are_a_failure_of_ours(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    parties = toolkit.Parties(
        sp_entity_id="", acs_url="", idp_entity_id=fake.entity_id, certificates=()
    )
    with pytest.raises(toolkit.VerifierFailed, match=r"^OneLogin_Saml2_Error$"):
        toolkit.judge(b"<a/>", decrypted=None, parties=parties, request_id=None, now=NOW)


def test_all_threads_share_one_schema_that_was_compiled_at_import(
    fake: FakeIdentityProvider, expect: Expectation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def compile_again(*_: Any, **__: Any) -> None:
        raise AssertionError("a schema was compiled in a request")

    monkeypatch.setattr(etree, "XMLSchema", compile_again)
    good, bad = respond(fake), respond(fake, mutate_before_signing=foreign_statement)

    def verify(response: str) -> str:
        try:
            verify_response(response, expect)
        except JitprovError as error:
            return ",".join(error.received)
        return ""

    with ThreadPoolExecutor(8) as threads:
        verdicts = list(threads.map(verify, [good, bad] * 40))
    assert verdicts == ["", "Statement"] * 40


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_process_that_is_forked_during_a_validation_can_validate() -> None:
    with toolkit._schema._lock:
        child = os.fork()
        if not child:
            free = toolkit._schema._lock.acquire(blocking=False)
            os._exit(0 if free else 1)
    assert os.waitpid(child, 0)[1] == 0


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


def test_a_failure_of_the_library_is_no_refusal(expect: Expectation) -> None:
    parties = toolkit.Parties.of(expect.sp, expect.idp, ())
    with pytest.raises(toolkit.VerifierFailed, match=r"^XMLSyntaxError$"):
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
