"""Logout messages as browsers bring them: everything that is out of shape or out of bounds is refused unread."""

from __future__ import annotations

import base64
import zlib
from urllib.parse import quote

import pytest

from jitprov.exceptions import JitprovError
from jitprov.saml.received import (
    DEFLATE,
    LOGOUT_LIMITS,
    MAX_ENCODED,
    from_form,
    from_query,
    prove,
)
from jitprov.saml.types import Binding
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.logout import request_logout
from tests.saml.conftest import NOW

SLO_URL = "https://app.example/saml/acme/slo/"
RSA_SHA256 = quote("http://www.w3.org/2001/04/xmldsig-more#rsa-sha256", safe="")


def packed(document: bytes, *, level: int = 9) -> str:
    deflate = zlib.compressobj(level, wbits=-15)
    data = deflate.compress(document) + deflate.flush()
    return quote(base64.b64encode(data).decode(), safe="")


def as_field(document: bytes) -> str:
    return base64.b64encode(document).decode()


def refusal_of_query(query: str) -> str:
    with pytest.raises(JitprovError) as caught:
        from_query(query)
    return caught.value.code


def refusal_of_form(**fields: list[str]) -> str:
    with pytest.raises(JitprovError) as caught:
        from_form(fields)
    return caught.value.code


SMALL = packed(b"<a/>")


@pytest.mark.parametrize(
    ("code", "query"),
    [
        ("logout_message_missing", ""),
        ("logout_message_missing", "SAMLRequest="),
        ("logout_message_missing", "RelayState=x"),
        ("logout_message_missing", f"samlrequest={SMALL}"),
        ("logout_message_missing", f"%53AMLRequest={SMALL}"),
        ("logout_malformed", f"SAMLRequest={SMALL}&SAMLResponse={SMALL}"),
        ("logout_malformed", f"SAMLRequest={SMALL}&SAMLRequest={SMALL}"),
        ("logout_malformed", f"SAMLRequest={SMALL}&RelayState=a&RelayState=b"),
        ("logout_malformed", f"SAMLRequest={SMALL}&RelayState={'a' * 1025}"),
        ("logout_malformed", f"SAMLRequest={SMALL}&SAMLEncoding=gzip"),
        ("logout_malformed", "SAMLRequest=%3F%3F"),
        ("logout_malformed", "SAMLRequest=%FF"),
        ("logout_malformed", f"SAMLRequest={quote(as_field(b'<a/>'))}"),
        ("logout_malformed", f"SAMLRequest={quote(as_field(zlib.compress(b'<a/>')))}"),
        ("logout_malformed", f"SAMLRequest={packed(b'<a/>' + b' ' * 99)[:-8]}"),
        ("not_xml", f"SAMLRequest={packed(b'ann')}"),
        ("not_xml", f"SAMLRequest={packed(b'')}"),
        ("forbidden_xml", f"SAMLRequest={packed(b'<!DOCTYPE a><a/>')}"),
        ("forbidden_xml", f"SAMLRequest={packed(b'<a><?x y?></a>')}"),
        ("message_too_complex", f"SAMLRequest={packed(b'<a>' * 17 + b'</a>' * 17)}"),
        ("message_too_complex", f"SAMLRequest={packed(b'<a>' + b'<a/>' * 2001 + b'</a>')}"),
        ("message_too_large", f"SAMLRequest={packed(b' ' * LOGOUT_LIMITS.bytes + b'<a/>')}"),
        ("message_too_large", f"SAMLRequest={'A' * MAX_ENCODED}"),
        ("signature_malformed", f"SAMLRequest={SMALL}&SigAlg={RSA_SHA256}"),
        ("signature_malformed", f"SAMLRequest={SMALL}&Signature=AAAA"),
        ("signature_malformed", f"SAMLRequest={SMALL}&SigAlg={RSA_SHA256}&Signature="),
        ("algorithm_not_allowed", f"SAMLRequest={SMALL}&SigAlg=none&Signature=AAAA"),
        ("logout_malformed", f"SAMLRequest={SMALL}&SigAlg={RSA_SHA256}&Signature=%3F"),
        ("logout_malformed", f"SAMLRequest={SMALL}&SigAlg={RSA_SHA256}&Signature=A&Signature=B"),
    ],
)
def test_a_query_that_is_no_message_is_refused(code: str, query: str) -> None:
    assert refusal_of_query(query) == code


def test_a_bomb_is_not_unpacked() -> None:
    bomb = packed(b"<a>" + b"a" * 50_000_000 + b"</a>")
    assert len(bomb) < MAX_ENCODED
    assert refusal_of_query(f"SAMLRequest={bomb}") == "message_too_large"


def test_bytes_after_the_packed_message_are_refused() -> None:
    deflate = zlib.compressobj(wbits=-15)
    data = deflate.compress(b"<a/>") + deflate.flush() + b"more"
    query = f"SAMLRequest={quote(base64.b64encode(data).decode(), safe='')}"
    assert refusal_of_query(query) == "logout_malformed"


@pytest.mark.parametrize("text", ["%0D%0A", "%20", ""])
def test_space_in_base64_is_nothing(text: str) -> None:
    assert from_query(f"SAMLRequest={text}{SMALL}{text}").root.tag == "a"


def test_a_plus_of_base64_that_was_not_encoded_is_one() -> None:
    documents = (f"<a>{number}</a>".encode() for number in range(1000))
    query = next(one for one in map(packed, documents) if "%2B" in one)
    assert from_query(f"SAMLRequest={query.replace('%2B', '+')}").root.tag == "a"


def test_the_encoding_may_be_named() -> None:
    query = f"SAMLRequest={SMALL}&SAMLEncoding={quote(DEFLATE, safe='')}"
    assert from_query(query).is_request


def test_a_signature_inside_a_message_in_a_url_is_refused(fake: FakeIdentityProvider) -> None:
    form = request_logout(fake, SLO_URL, binding=Binding.POST).form
    document = base64.b64decode(form["SAMLRequest"])
    assert refusal_of_query(f"SAMLRequest={packed(document)}") == "signature_malformed"


def test_a_signature_that_is_not_the_messages_is_refused() -> None:
    inside = b'<a><b><Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/></b></a>'
    assert refusal_of_form(SAMLRequest=[as_field(inside)]) == "signature_malformed"


def test_two_signatures_are_refused(fake: FakeIdentityProvider) -> None:
    two = b"<a>" + b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>' * 2 + b"</a>"
    received = from_form({"SAMLRequest": [as_field(two)]})
    with pytest.raises(JitprovError) as caught:
        prove(received, fake.idp_metadata().signing_certificates, now=NOW)
    assert caught.value.code == "signature_malformed"


@pytest.mark.parametrize(
    ("code", "fields"),
    [
        ("logout_message_missing", {}),
        ("logout_message_missing", {"SAMLRequest": [""]}),
        ("logout_malformed", {"SAMLRequest": [as_field(b"<a/>")] * 2}),
        ("logout_malformed", {"SAMLRequest": ["PGEvPg=="], "SAMLResponse": ["PGEvPg=="]}),
        ("logout_malformed", {"SAMLRequest": [as_field(b"<a/>")], "RelayState": ["a", "b"]}),
        ("logout_malformed", {"SAMLRequest": [as_field(b"<a/>")], "RelayState": ["a" * 1025]}),
        ("logout_malformed", {"SAMLRequest": ["?"]}),
        ("logout_malformed", {"SAMLRequest": ["é"]}),
        ("message_too_large", {"SAMLRequest": ["A" * (MAX_ENCODED + 1)]}),
        ("message_too_large", {"SAMLRequest": [as_field(b"<a/>" + b" " * LOGOUT_LIMITS.bytes)]}),
        ("forbidden_xml", {"SAMLRequest": [as_field(b"<!DOCTYPE a><a/>")]}),
    ],
)
def test_a_form_that_is_no_message_is_refused(code: str, fields: dict[str, list[str]]) -> None:
    assert refusal_of_form(**fields) == code


def test_other_fields_of_a_form_are_passed_over() -> None:
    received = from_form({"SAMLResponse": [as_field(b"<a/>")], "utm": ["1", "2"]})
    assert not received.is_request
    assert received.relay_state == ""
