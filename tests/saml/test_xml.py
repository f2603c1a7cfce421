from __future__ import annotations

import pytest

from jitprov.saml.xml import (
    MAX_ATTRIBUTES,
    MESSAGE_LIMITS,
    ForbiddenXml,
    Limits,
    NotXml,
    TooComplex,
    TooLarge,
    XmlRefused,
    canonical,
    detached,
    parse,
    parse_trusted,
    text_of,
)

SMALL = Limits(bytes=200, depth=3, nodes=8)
BILLION_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY b "lol"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><a>&c;&c;&c;</a>'
)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b"<a/>", id="the least"),
        pytest.param(b'<?xml version="1.0"?>\n<a/>\n', id="a declaration is no instruction"),
        pytest.param(b'\xef\xbb\xbf<?xml version="1.0" encoding="utf-8"?><a/>', id="a mark first"),
        pytest.param("<a>ü€😀</a>".encode(), id="any character"),
        pytest.param(b"<a><b><c/></b></a>", id="just as deep as allowed"),
        pytest.param(b"<a>" + b"<b/>" * 7 + b"</a>", id="just as many nodes as allowed"),
        pytest.param(b"<a>" + b"b" * 193 + b"</a>", id="just as long as allowed"),
    ],
)
def test_ordinary_xml_is_read(document: bytes) -> None:
    assert parse(document, SMALL).tag == "a"


@pytest.mark.parametrize(
    ("document", "error"),
    [
        pytest.param(b"", NotXml, id="nothing"),
        pytest.param(b"hello", NotXml, id="text"),
        pytest.param(b"<a>", NotXml, id="cut short"),
        pytest.param(b"<a/><a/>", NotXml, id="two roots"),
        pytest.param(b"<a:b/>", NotXml, id="a prefix without a namespace"),
        pytest.param(b"<a>&nothing;</a>", NotXml, id="an entity that nobody declared"),
        pytest.param(b"<a>\x00</a>", NotXml, id="a null byte"),
        pytest.param(b"<a>\xff</a>", NotXml, id="not UTF-8"),
        pytest.param("<a/>".encode("utf-16"), NotXml, id="UTF-16, which could hide a DTD"),
        pytest.param(b"<!DOCTYPE a><a/>", ForbiddenXml, id="a DTD"),
        pytest.param(BILLION_LAUGHS, ForbiddenXml, id="entities that grow"),
        pytest.param(
            b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
            ForbiddenXml,
            id="an entity that reads a file",
        ),
        pytest.param(b"<a><?b c?></a>", ForbiddenXml, id="a processing instruction"),
        pytest.param(b"<?b c?><a/>", ForbiddenXml, id="a processing instruction before the root"),
        pytest.param(b"<a/><?b c?>", ForbiddenXml, id="a processing instruction after the root"),
        pytest.param(b"<a>" + b"b" * 194 + b"</a>", TooLarge, id="a byte too many"),
        pytest.param(b"<a><b><c><d/></c></b></a>", TooComplex, id="a level too many"),
        pytest.param(b"<a>" + b"<b/>" * 8 + b"</a>", TooComplex, id="an element too many"),
        pytest.param(
            b"<a><b/><b/><b/><b/><b/><b/> </a>"[:-4] + b"x<b/></a>", TooComplex, id="text counts"
        ),
        pytest.param(
            b'<a b="" c="" d="" e="" f="" g="" h="" i=""/>', TooComplex, id="attributes count"
        ),
        pytest.param(b"<a>" * 300 + b"</a>" * 300, XmlRefused, id="deeper than the parser goes"),
    ],
)
def test_xml_out_of_bounds_is_refused(document: bytes, error: type[XmlRefused]) -> None:
    with pytest.raises(XmlRefused) as caught:
        parse(document, Limits(bytes=3000, depth=3, nodes=8) if len(document) > 300 else SMALL)
    assert isinstance(caught.value, error)


ATTRIBUTES = b" ".join(b'a%d=""' % number for number in range(MAX_ATTRIBUTES + 1))
NAMESPACES = b" ".join(b'xmlns:a%d="urn:a"' % number for number in range(4_001))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        pytest.param(b"<a><b %s/></a>" % ATTRIBUTES, "attributes in one element", id="attributes"),
        pytest.param(b"<a %s/>" % NAMESPACES, "namespace declarations", id="namespaces"),
        pytest.param(b"<a>" + b"<b xmlns=''/>" * 4_001 + b"</a>", "declarations", id="all over it"),
        pytest.param(b"<a>" + b'<b c=""/>' * 52_000 + b"</a>", "nodes", id="nodes with attributes"),
    ],
)
def test_xml_that_is_slow_to_canonicalise_is_refused_before(document: bytes, words: str) -> None:
    """Each of these is within the size of a message, and took one to five seconds before there was a bound."""
    with pytest.raises(TooComplex, match=words):
        parse(document, MESSAGE_LIMITS)


def test_the_refusal_of_a_large_document_states_the_limit() -> None:
    with pytest.raises(TooLarge) as caught:
        parse(b"a" * 201, SMALL)
    assert caught.value.limit == 200


def test_a_comment_can_not_cut_a_value_short() -> None:
    root = parse(b"<a>admin@acme.example<!-- -->.evil.example</a>", MESSAGE_LIMITS)
    assert text_of(root) == "admin@acme.example.evil.example"
    assert len(root) == 0


def test_an_element_without_text_has_an_empty_one() -> None:
    assert text_of(parse_trusted(b"<a/>")) == ""


def test_the_canonical_form_is_exclusive_and_has_no_tail() -> None:
    root = parse_trusted(
        b'<p:a xmlns:p="u:p" xmlns:q="u:q"><p:b  c=\'1\'><!-- x --></p:b> tail</p:a>'
    )
    assert canonical(detached(root[0])) == b'<p:b xmlns:p="u:p" c="1"></p:b>'


def test_the_canonical_form_keeps_the_prefixes_that_are_named() -> None:
    root = parse_trusted(b'<p:a xmlns:p="u:p" xmlns:q="u:q"><p:b/></p:a>')
    assert canonical(detached(root[0]), ("q",)) == b'<p:b xmlns:p="u:p" xmlns:q="u:q"></p:b>'


def test_a_relative_namespace_has_no_canonical_form() -> None:
    with pytest.raises(ForbiddenXml, match="relative namespace"):
        canonical(parse_trusted(b'<a xmlns:b="c" b:d=""/>'))
