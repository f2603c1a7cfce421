"""Another parser reads the person again in the bytes that were verified, and any difference is a refusal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from lxml import etree

from jitprov.saml import response as rules
from jitprov.saml.assertion_refusals import VerifiersDisagree
from jitprov.saml.rereading import MAX_BYTES, NotReread, Reread, reread
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.types import KeyPair, NameID
from jitprov.testing import FakeIdentityProvider
from tests.saml.conftest import SP_ENTITY_ID
from tests.saml.mutations import SAML, find
from tests.saml.test_response_accepted import USUAL_SHAPES, respond

IDP = "https://idp.example/"
ASSERTION = '<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" ID="_a">{}</Assertion>'


def read(inside: str) -> Reread:
    document = ASSERTION.format(inside).encode()
    return reread(document, idp_entity_id=IDP, sp_entity_id=SP_ENTITY_ID)


def value_of(inside: str) -> Reread:
    return read(
        "<AttributeStatement><Attribute Name='a'><AttributeValue"
        f">{inside}</AttributeValue></Attribute></AttributeStatement>"
    )


@pytest.mark.parametrize("knobs", USUAL_SHAPES)
@pytest.mark.parametrize("encrypted", [False, True], ids=["plain", "encrypted"])
@pytest.mark.parametrize("sign", ["assertion", "response"])
def test_usual_responses_are_read_from_the_bytes_that_were_verified(
    fake: FakeIdentityProvider,
    expect: Expectation,
    sp_key_pair: KeyPair,
    knobs: dict[str, Any],
    encrypted: bool,
    sign: Any,
) -> None:
    certificate = sp_key_pair.certificate if encrypted else None
    given = {"response_issuer": fake.entity_id, **knobs, "sign": sign, "encrypt_for": certificate}
    if sign == "response":
        given = {key: value for key, value in given.items() if value is not None}
    posted = respond(fake, **given)
    opened = rules.open_expected(posted, expect)
    again = reread(
        opened.assertion_document, idp_entity_id=fake.entity_id, sp_entity_id=SP_ENTITY_ID
    )
    verified = verify_response(posted, expect)
    assert again.name_ids == (verified.name_id,)
    assert again.attributes == verified.attributes


@pytest.mark.parametrize(
    "document",
    [
        b"<a/>",
        b"",
        b"<a",
        b"<!DOCTYPE a><a/>",
        b"<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
        b"<?p i?><a/>",
        b"\xff",
        b"<a>" + b" " * MAX_BYTES + b"</a>",
        f"<r>{ASSERTION.format('')}{ASSERTION.format('')}</r>".encode(),
        f"<r><x>{ASSERTION.format('')}</x></r>".encode(),
    ],
)
def test_bytes_without_one_assertion_in_its_place_are_refused(document: bytes) -> None:
    with pytest.raises(NotReread):
        reread(document, idp_entity_id=IDP, sp_entity_id=SP_ENTITY_ID)


@pytest.mark.parametrize(
    ("inside", "values", "readable"),
    [
        (" \t\nOps\r ", ("Ops",), True),
        ("\u00a0Ops\u2003", ("\u00a0Ops\u2003",), True),
        ("Ops<!-- -->Team", ("OpsTeam",), True),
        ("<NameID>x1</NameID>", ("x1",), True),
        (
            f"<NameID NameQualifier='{IDP}' SPNameQualifier='{SP_ENTITY_ID}'>x</NameID>",
            ("x",),
            True,
        ),
        ("<NameID NameQualifier='https://other.example'>x1</NameID>", (), False),
        ("<NameID SPNameQualifier='https://other.example'>x1</NameID>", (), False),
        ("Ops<b/>Team", (), False),
        ("<NameID>x1</NameID><NameID>x2</NameID>", (), False),
    ],
)
def test_a_value_is_a_text_or_one_name_id_of_ours(
    inside: str, values: tuple[str, ...], readable: bool
) -> None:
    found = value_of(inside)
    assert found.attributes == {"a": values}
    assert found.unreadable == (frozenset() if readable else {"a"})


def test_all_the_text_of_an_identifier_counts() -> None:
    [name_id] = read("<Subject><NameID>ann<x>of</x>acme</NameID></Subject>").name_ids
    assert name_id.value == "annofacme"


@pytest.mark.parametrize(
    "changed",
    [
        {"assertion_id": "_other"},
        {"issuers": ("https://evil.example/",)},
        {"name_ids": (NameID(value="victim@acme.example"),)},
        {"attributes": {}},
        {"unreadable": frozenset({"department"})},
    ],
    ids=str,
)
def test_any_difference_is_a_disagreement(
    fake: FakeIdentityProvider,
    expect: Expectation,
    monkeypatch: pytest.MonkeyPatch,
    changed: dict[str, Any],
) -> None:
    monkeypatch.setattr(rules, "reread", lambda *a, **k: replace(reread(*a, **k), **changed))
    with pytest.raises(VerifiersDisagree, match=r"^another parser reads different values$"):
        verify_response(respond(fake), expect)


def test_a_name_that_only_one_parser_takes_for_xml_is_a_disagreement(
    fake: FakeIdentityProvider, expect: Expectation
) -> None:
    """Libxml2 knows the names of the fifth edition of XML, expat those of the fourth."""

    def add_an_element_of_the_fifth_edition(root: etree._Element) -> None:
        etree.SubElement(find(root, f"{SAML}AttributeValue"), "{urn:x}\u0218")

    posted = respond(fake, mutate_before_signing=add_an_element_of_the_fifth_edition)
    with pytest.raises(VerifiersDisagree, match=r"^another parser does not read it$"):
        verify_response(posted, expect)
