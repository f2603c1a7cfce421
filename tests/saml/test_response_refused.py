"""Every rule refuses an assertion that is well signed but lacks, or forges, the part that the rule checks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from jitprov.saml.assertion_refusals import IssuerMismatch
from jitprov.saml.response import ENTITY_FORMAT, Expectation, verify_response
from jitprov.saml.types import NameID
from jitprov.testing import FakeIdentityProvider
from tests.saml.conftest import ACS_URL, NOW, REQUEST_ID, SKEW, SP_ENTITY_ID
from tests.saml.mutations import (
    SAML,
    Mutation,
    double,
    find,
    put,
    refusal,
    unset,
)
from tests.saml.test_response_accepted import respond


def add_condition(root: etree._Element) -> None:
    etree.SubElement(find(root, f"{SAML}Conditions"), f"{SAML}Condition")


def add_encrypted_attribute(root: etree._Element) -> None:
    etree.SubElement(find(root, f"{SAML}AttributeStatement"), f"{SAML}EncryptedAttribute")


def encrypt_the_name_id(root: etree._Element) -> None:
    name_id = find(root, f"{SAML}NameID")
    subject = name_id.getparent()
    assert subject is not None
    subject.replace(name_id, etree.Element(f"{SAML}EncryptedID"))


def put_inside(name: str) -> Mutation:
    """Return a mutation that puts an element behind the text of another, where a reader would stop."""
    return lambda root: etree.SubElement(find(root, f"{SAML}{name}"), "{urn:x}x").set("a", "b")


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
        "not_yet_valid",
        {"confirmation_not_before": NOW + SKEW + timedelta(seconds=1)},
        "a confirmation that begins later",
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
        "issuer_mismatch",
        {"name_id": NameID(value="p1", name_qualifier="https://other.example")},
        "a NameID of another directory",
    ),
    ("assertion_malformed", {"name_id": ""}, "an empty NameID"),
    *(
        ("assertion_malformed", {"mutate_before_signing": put_inside(name)}, f"XML in the {name}")
        for name in ("NameID", "Audience", "AuthnContextClassRef")
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
def test_a_well_signed_assertion_that_is_not_for_this_sign_in_is_refused(
    fake: FakeIdentityProvider, expect: Expectation, code: str, knobs: dict[str, Any]
) -> None:
    assert refusal(respond(fake, **knobs), expect) == (code, True)


def test_an_old_authentication_is_refused_where_a_fresh_one_was_asked_for(
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


def test_a_browser_without_pending_requests_is_refused(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    assert refusal(respond(fake), replace(expect, pending={})) == ("request_unknown", True)


def test_an_issuer_in_another_format_is_said_so(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    response = respond(fake, mutate_before_signing=put(f"{SAML}Issuer", "Format", "urn:x"))
    with pytest.raises(IssuerMismatch) as caught:
        verify_response(response, expect)
    assert (caught.value.expected, caught.value.received) == (ENTITY_FORMAT, ("urn:x",))
