"""An examination gives the verdict of the real sign-in, and the result of each check by itself."""

from __future__ import annotations

import base64
import random
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from jitprov.exceptions import MAX_LENGTH, MAX_RECEIVED, JitprovError
from jitprov.saml.examination import (
    Check,
    CheckResult,
    Examination,
    examine_response,
    in_response_to_of,
)
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.types import KeyPair
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import rsa_key_pair
from jitprov.testing.person import ANN, EMAIL_CLAIM
from tests.saml.conftest import ACS_URL, NOW, REQUEST_ID, SKEW, SP_ENTITY_ID
from tests.saml.mutations import SAML, damage, double, drop, find, mutilation
from tests.saml.test_encryption_refused import FAILED_DECRYPTIONS
from tests.saml.test_envelope_refused import NO_RESPONSES
from tests.saml.test_response_accepted import USUAL_SHAPES, respond
from tests.saml.test_response_refused import SIGNED_BUT_NOT_FOR_US, add_encrypted_attribute
from tests.saml.test_signature_refused import UNPROVED
from tests.saml.test_toolkit import foreign_statement, in_another_encoding

PERSONAL = {ANN.upn, ANN.email, ANN.object_id, *ANN.groups, "admin@acme.example"}


def examined(saml_response: str, expect: Expectation) -> Examination:
    """Examine a response, and require that the verdict is a sign-in's and that the checks explain it."""
    examination = examine_response(saml_response, expect)
    assert verdict(saml_response, expect) == (
        examination.verified,
        examination.error and (examination.error.code, examination.error.origin_verified),
    )
    results = examination.results
    assert [result.check for result in results] == list(Check)
    assert (examination.verified is not None) == all(result.passed is True for result in results)
    assert (examination.error is None) == (examination.verified is not None)
    failed = [result.code for result in results if result.passed is False]
    assert all(failed)
    if examination.error is not None:
        assert examination.error.code in failed
    for result in results:
        assert_presentable(result)
    return examination


def verdict(saml_response: str, expect: Expectation) -> tuple[Any, Any]:
    try:
        return verify_response(saml_response, expect), None
    except JitprovError as error:
        return None, (error.code, error.origin_verified)


def assert_presentable(result: CheckResult) -> None:
    """Require that facts are bounded, printable and not personal, and that a check not judged has none."""
    facts = [result.expected, *result.received]
    assert len(result.received) <= MAX_RECEIVED
    assert all(len(value) <= MAX_LENGTH and value.isprintable() for value in result.received)
    assert not any(value in fact for value in PERSONAL for fact in facts)
    if result.passed is None:
        assert (result.code, result.expected, result.received) == ("", "", ())


def result_of(examination: Examination, check: Check) -> CheckResult:
    return examination.results[list(Check).index(check)]


def failures(examination: Examination) -> dict[str, str]:
    return {result.check: result.code for result in examination.results if result.passed is False}


def unjudged(examination: Examination) -> set[Check]:
    return {result.check for result in examination.results if result.passed is None}


@pytest.mark.parametrize("knobs", USUAL_SHAPES)
def test_every_usual_shape_passes_every_check(
    fake: FakeIdentityProvider, expect: Expectation, knobs: dict[str, Any]
) -> None:
    examination = examined(respond(fake, **knobs), expect)
    assert examination.verified is not None
    assert examination.name_id == examination.verified.name_id
    assert examination.attributes == examination.verified.attributes


@pytest.mark.parametrize(
    ("code", "knobs"),
    [pytest.param(code, knobs, id=name) for code, knobs, name in SIGNED_BUT_NOT_FOR_US],
)
def test_a_fault_with_a_good_signature_fails_its_own_check(
    fake: FakeIdentityProvider, expect: Expectation, code: str, knobs: dict[str, Any]
) -> None:
    examination = examined(respond(fake, **knobs), expect)
    assert code in failures(examination).values()
    assert {result.passed for result in examination.results[:3]} == {True}
    if result_of(examination, Check.CLAIMS).passed:
        assert examination.attributes[EMAIL_CLAIM] == (ANN.email,)


@pytest.mark.parametrize(
    ("code", "knobs"), [pytest.param(code, knobs, id=name) for code, knobs, name in UNPROVED]
)
def test_without_a_good_signature_nothing_is_judged_or_read(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    code: str,
    knobs: dict[str, Any],
) -> None:
    if "encrypt" in knobs:
        knobs = {"encrypt_for": sp_key_pair.certificate, **knobs["encrypt"]}
    examination = examined(respond(fake, **knobs), expect)
    assert list(failures(examination).values()) == [code]
    assert {result.passed for result in examination.results[3:]} == {None}
    assert examination.name_id is None
    assert examination.attributes == {}


@pytest.mark.parametrize(("saml_response", "code"), NO_RESPONSES)
def test_bytes_that_are_no_response_fail_the_first_check(
    expect: Expectation, saml_response: str, code: str
) -> None:
    examination = examined(saml_response, expect)
    assert failures(examination) == {Check.MESSAGE: code}
    assert in_response_to_of(saml_response) is None


def test_no_check_tells_why_a_decryption_failed(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    """An admin who may run tests must not be a padding oracle."""
    certificate = sp_key_pair.certificate
    shown = {
        examined(respond(fake, encrypt_for=certificate, **param.values[0]), expect).results
        for param in FAILED_DECRYPTIONS
    }
    assert len(shown) == 1


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
def test_an_encrypted_assertion_is_examined_too(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair, sign: Any
) -> None:
    response = respond(fake, encrypt_for=sp_key_pair.certificate, sign=sign, recipient="urn:x")
    examination = examined(response, expect)
    assert failures(examination) == {Check.RECIPIENT: "recipient_mismatch"}
    assert examination.attributes[EMAIL_CLAIM] == (ANN.email,)


def test_an_encrypted_assertion_fails_the_first_check_where_we_have_no_key(
    fake: FakeIdentityProvider, expect: Expectation, sp_key_pair: KeyPair
) -> None:
    keyless = replace(expect, sp=replace(expect.sp, key_pairs=()))
    examination = examined(respond(fake, encrypt_for=sp_key_pair.certificate), keyless)
    assert failures(examination) == {Check.MESSAGE: "decryption_key_missing"}


def test_a_refusal_of_the_second_verifier_fails_its_own_check(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    examination = examined(in_another_encoding(fake), expect)
    assert failures(examination) == {Check.SECOND_VERIFIER: "verifiers_disagree"}


def test_a_part_that_the_schema_does_not_know_fails_the_check_of_the_assertion(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    examination = examined(respond(fake, mutate_before_signing=foreign_statement), expect)
    assert failures(examination) == {Check.ASSERTION: "not_by_schema"}
    assert result_of(examination, Check.ASSERTION).received == ("Statement",)


def test_every_mistake_is_shown_at_once(fake: FakeIdentityProvider, expect: Expectation) -> None:
    response = respond(
        fake,
        audience_restrictions=[["https://wrong.example"]],
        recipient="https://app.example/wrong/",
        destination="https://app.example/wrong/",
        confirmation_in_response_to="id-other",
        not_on_or_after=NOW - timedelta(minutes=5),
        session_not_on_or_after=NOW - timedelta(hours=1),
        authn_instant=NOW + timedelta(hours=1),
        assertion_issuer="https://other.example/",
    )
    examination = examined(response, expect)
    assert failures(examination) == {
        Check.DESTINATION: "destination_mismatch",
        Check.ISSUER: "issuer_mismatch",
        Check.RECIPIENT: "recipient_mismatch",
        Check.ANSWER: "request_unknown",
        Check.TIME: "expired",
        Check.AUDIENCE: "audience_mismatch",
        Check.AUTHENTICATION: "not_yet_valid",
        Check.SESSION: "session_over",
    }
    assert result_of(examination, Check.AUDIENCE).expected == SP_ENTITY_ID
    assert result_of(examination, Check.AUDIENCE).received == ("https://wrong.example",)
    assert unjudged(examination) == {Check.SECOND_VERIFIER}
    assert examination.name_id is not None
    assert examination.name_id.value == ANN.upn


def test_a_passed_check_shows_what_was_expected_and_what_came(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(fake, session_not_on_or_after=NOW + timedelta(hours=8), fraction_digits=0)
    examination = examined(response, expect)
    [certificate] = expect.idp.signing_certificates
    shown = {
        result.check: (result.expected, result.received)
        for result in examination.results
        if result.check not in (Check.CERTIFICATE, Check.AUTHENTICATION, Check.TIME)
    }
    success = "urn:oasis:names:tc:SAML:2.0:status:Success"
    assert shown == {
        Check.MESSAGE: (success, (success,)),
        Check.SIGNATURE: (certificate.fingerprint, (certificate.fingerprint,)),
        Check.DESTINATION: (ACS_URL, (ACS_URL,)),
        Check.ISSUER: (fake.entity_id, (fake.entity_id,)),
        Check.ASSERTION: ("Version 2.0", ("Version 2.0",)),
        Check.RECIPIENT: (ACS_URL, (ACS_URL,)),
        Check.ANSWER: ("InResponseTo", (REQUEST_ID,)),
        Check.AUDIENCE: (SP_ENTITY_ID, (SP_ENTITY_ID,)),
        Check.CLAIMS: ("", ("urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",)),
        Check.SESSION: ("2026-03-02T09:15:30Z ± 120 s", ("2026-03-02T17:15:30Z",)),
        Check.SECOND_VERIFIER: ("", ()),
    }


def test_a_passed_check_of_time_shows_the_moments(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    forcing = replace(expect, pending={REQUEST_ID: NOW - timedelta(seconds=30)})
    examination = examined(respond(fake, authn_instant=NOW, fraction_digits=0), forcing)
    time = result_of(examination, Check.TIME)
    assert time.expected == "2026-03-02T09:15:30Z ± 120 s"
    assert time.received == (
        "IssueInstant 2026-03-02T09:15:29Z",
        "NotBefore 2026-03-02T09:10:30Z",
        "NotOnOrAfter 2026-03-02T10:15:30Z",
        "SubjectConfirmationData NotOnOrAfter 2026-03-02T10:15:30Z",
    )
    authentication = result_of(examination, Check.AUTHENTICATION)
    assert authentication.expected == "2026-03-02T09:15:00Z ± 120 s"
    assert authentication.received == (
        "2026-03-02T09:15:30Z",
        "urn:oasis:names:tc:SAML:2.0:ac:classes:Password",
    )


def test_an_expired_certificate_fails_its_own_check(expect: Expectation) -> None:
    fake = FakeIdentityProvider(
        key_pairs=[rsa_key_pair("expired", not_after=NOW - timedelta(days=1))]
    )
    idp = fake.idp_metadata()
    examination = examined(respond(fake), replace(expect, idp=idp))
    assert failures(examination) == {Check.CERTIFICATE: "certificate_expired"}
    signature = result_of(examination, Check.SIGNATURE)
    assert signature.passed
    assert signature.received == (idp.signing_certificates[0].fingerprint,)
    assert result_of(examination, Check.CERTIFICATE).received[0] == signature.received[0]


def test_the_certificate_that_signed_is_shown(expect: Expectation) -> None:
    old, new = rsa_key_pair("old"), rsa_key_pair("new")
    fake = FakeIdentityProvider(key_pairs=[old, new])
    idp = fake.idp_metadata()
    response = respond(fake, signing_key_pair=new, sign="both")
    examination = examined(response, replace(expect, idp=idp))
    fingerprints = [certificate.fingerprint for certificate in idp.signing_certificates]
    signature = result_of(examination, Check.SIGNATURE)
    assert signature.expected == ", ".join(fingerprints)
    assert signature.received == (fingerprints[1],)


@pytest.mark.parametrize(
    ("knobs", "missing"),
    [
        pytest.param(
            {"subject": False},
            {Check.RECIPIENT, Check.ANSWER, Check.TIME, Check.CLAIMS, Check.AUTHENTICATION},
            id="no Subject",
        ),
        pytest.param(
            {"confirmation_method": None},
            {Check.RECIPIENT, Check.ANSWER, Check.TIME, Check.AUTHENTICATION},
            id="no confirmation",
        ),
        pytest.param({"conditions": False}, {Check.TIME, Check.AUDIENCE}, id="no Conditions"),
        pytest.param(
            {"authn_statements": 0}, {Check.AUTHENTICATION, Check.SESSION}, id="no AuthnStatement"
        ),
    ],
)
def test_without_a_part_the_rules_about_it_are_not_judged(
    fake: FakeIdentityProvider, expect: Expectation, knobs: dict[str, Any], missing: set[Check]
) -> None:
    examination = examined(respond(fake, **knobs), expect)
    assert list(failures(examination)) == [Check.ASSERTION]
    assert unjudged(examination) == {*missing, Check.SECOND_VERIFIER}
    assert examination.attributes[EMAIL_CLAIM] == (ANN.email,)
    assert (examination.name_id is None) == (Check.CLAIMS in missing)


def test_unreadable_attributes_are_not_returned(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    examination = examined(respond(fake, mutate_before_signing=add_encrypted_attribute), expect)
    assert failures(examination) == {Check.CLAIMS: "encrypted_part"}
    assert examination.attributes == {}
    assert examination.name_id is not None


def test_one_good_confirmation_is_enough(fake: FakeIdentityProvider, expect: Expectation) -> None:
    def add_a_bad_one(root: etree._Element) -> None:
        double(f"{SAML}SubjectConfirmation")(root)
        find(root, f"{SAML}SubjectConfirmationData").set("Recipient", "https://other.example/")

    assert examined(respond(fake, mutate_before_signing=add_a_bad_one), expect).verified


def test_of_two_bad_confirmations_the_first_is_judged(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    def lose_the_data_of_the_first(root: etree._Element) -> None:
        double(f"{SAML}SubjectConfirmation")(root)
        drop(f"{SAML}SubjectConfirmationData")(root)

    response = respond(
        fake, recipient="https://other.example/", mutate_before_signing=lose_the_data_of_the_first
    )
    assert failures(examined(response, expect)) == {Check.ASSERTION: "assertion_malformed"}


def test_an_unsolicited_response_passes_where_that_is_allowed(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    allowing = replace(expect, allow_unsolicited=True)
    examination = examined(respond(fake, in_response_to=None), allowing)
    assert result_of(examination, Check.ANSWER).received == ()


@pytest.mark.parametrize("minutes", range(-70, 80, 10))
@pytest.mark.parametrize("skew", [timedelta(0), SKEW, timedelta(days=1)])
def test_the_checks_explain_the_verdict_at_any_time(
    fake: FakeIdentityProvider, expect: Expectation, minutes: int, skew: timedelta
) -> None:
    late = replace(
        expect, now=NOW + timedelta(minutes=minutes), clock_skew=skew, pending={REQUEST_ID: NOW}
    )
    examined(respond(fake, session_not_on_or_after=NOW + timedelta(minutes=30)), late)


@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("when", ["mutate_before_signing", "mutate_after_signing"])
def test_the_checks_explain_the_verdict_on_mutilated_responses(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    when: str,
    encrypted: bool,
) -> None:
    certificate = sp_key_pair.certificate if encrypted else None
    dice = random.Random(20260303)  # noqa: S311 -- the same damage every time
    for _ in range(80):
        response = respond(fake, encrypt_for=certificate, **{when: mutilation(dice)})
        examined(response, expect)
        in_response_to_of(response)


def test_damaged_bytes_are_examined_and_never_crash(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    whole = base64.b64decode(respond(fake))
    dice = random.Random(20260304)  # noqa: S311 -- the same damage every time
    for _ in range(150):
        damaged = base64.b64encode(damage(bytearray(whole), dice)).decode()
        examined(damaged, expect)
        in_response_to_of(damaged)


@pytest.mark.parametrize(
    ("knobs", "claimed"),
    [
        pytest.param({}, REQUEST_ID, id="both say the same"),
        pytest.param({"response_in_response_to": None}, REQUEST_ID, id="only the confirmation"),
        pytest.param({"confirmation_in_response_to": None}, REQUEST_ID, id="only the Response"),
        pytest.param(
            {"response_in_response_to": "id-other"}, REQUEST_ID, id="the confirmation counts"
        ),
        pytest.param({"in_response_to": None}, None, id="neither"),
        pytest.param({"in_response_to": "i" * 257}, None, id="longer than any of ours"),
        pytest.param({"sign": None}, REQUEST_ID, id="nobody signed it: it is only a claim"),
    ],
)
def test_the_claimed_request_is_read_from_a_response(
    fake: FakeIdentityProvider, knobs: dict[str, Any], claimed: str | None
) -> None:
    assert in_response_to_of(respond(fake, **knobs)) == claimed


def test_the_claimed_request_inside_an_encrypted_assertion_is_not_read(
    fake: FakeIdentityProvider, sp_key_pair: KeyPair
) -> None:
    certificate = sp_key_pair.certificate
    assert in_response_to_of(respond(fake, encrypt_for=certificate)) == REQUEST_ID
    hidden = respond(fake, encrypt_for=certificate, response_in_response_to=None)
    assert in_response_to_of(hidden) is None
