"""Parse XML from strangers within bounds, or refuse it; write the canonical form of an element.

Nothing here depends on SAML. The bounds are checked before a signature library sees the document, because anybody may
post anything to an assertion consumer service.
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import cast

from lxml import etree

from jitprov.exceptions import JitprovError

SAML = "urn:oasis:names:tc:SAML:2.0:assertion"
SAMLP = "urn:oasis:names:tc:SAML:2.0:protocol"
MD = "urn:oasis:names:tc:SAML:2.0:metadata"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
SPACE = " \t\r\n"
"""All the white space that XML knows (XML 1.0 §2.3). Unicode has more, and there it is part of a value."""
_SPACES = re.compile(f"[{SPACE}]+")


class XmlRefused(JitprovError):
    """The document is not XML, or XML of a kind that we do not read."""

    code = "xml_refused"


class NotXml(XmlRefused):
    """The document is not well-formed XML in UTF-8."""

    code = "not_xml"


class TooLarge(XmlRefused):
    """The document is larger than allowed."""

    code = "message_too_large"

    def __init__(self, *, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class TooComplex(XmlRefused):
    """The document is nested deeper, or has more nodes, attributes or namespaces, than allowed."""

    code = "message_too_complex"


class ForbiddenXml(XmlRefused):
    """The document has a DTD, an entity, a processing instruction, or a relative namespace in what is signed."""

    code = "forbidden_xml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bounds of an XML document."""

    bytes: int
    depth: int
    """Levels of nesting."""
    nodes: int
    """Elements, attributes and texts."""
    declarations: int = 4_000
    """Namespace declarations: for each element and attribute libxml2 may search all that are in scope."""


MESSAGE_LIMITS = Limits(bytes=512 * 1024, depth=24, nodes=20_000)
"""The bounds of a message: a response of Entra with all the groups that it can send has about 40 kB and 500 nodes."""

_PROCESSING_INSTRUCTION = etree.XPath("boolean(//processing-instruction())")
_INSTRUCTION_INSIDE = etree.XPath("boolean(.//processing-instruction())")
# Two counts, not one of a union: libxml2 compares each node of a union with every other.
_NODES = etree.XPath("count(//node()) + count(//@*)")
MAX_ATTRIBUTES = 256
"""Attributes of one element: canonicalisation sorts them one by one into a list."""
_CROWDED = etree.XPath(f"boolean(//*/@*[{MAX_ATTRIBUTES + 1}])")
# One compiled path for each depth that is used: one for messages, one for metadata.
_DEEPER: dict[int, etree.XPath] = {}


class _Parser(threading.local):
    """A parser for each thread: making one costs as much as parsing a small message."""

    def __init__(self) -> None:
        self.parser = etree.XMLParser(
            encoding="utf-8",
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
        )


_per_thread = _Parser()


def parse(document: bytes, limits: Limits, *, instructions_around: bool = False) -> etree._Element:
    """Return the root of a document from a stranger.

    :param instructions_around: allow processing instructions before and after the root, as for a stylesheet.
    :raises TooLarge, NotXml, ForbiddenXml, TooComplex: the document is out of bounds.
    """
    if len(document) > limits.bytes:
        raise TooLarge(limit=limits.bytes)
    _refuse_declarations(document)
    # Counted in the text, because XPath counts all that are in scope again for each element.
    if document.count(b"xmlns") > limits.declarations:
        raise TooComplex(f"more than {limits.declarations} namespace declarations")
    root = parse_trusted(document)
    if has_instruction(root) or (not instructions_around and _PROCESSING_INSTRUCTION(root)):
        raise ForbiddenXml("processing instruction")
    _require_bounds(root, limits)
    return root


def has_instruction(element: etree._Element) -> bool:
    """Say whether there is a processing instruction inside an element: it could cut a value short."""
    return bool(_INSTRUCTION_INSIDE(element))


def parse_trusted(document: bytes) -> etree._Element:
    """Return the root of a document that we have canonicalised or assembled ourselves.

    The parser drops comments, and joins the text on both sides of a comment, so that a comment cannot cut a value
    short (the attack on ``user@victim.example<!---->.evil.example``).
    """
    try:
        return etree.fromstring(document, _per_thread.parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise NotXml("not well-formed") from error


def _refuse_declarations(document: bytes) -> None:
    # Searched in the text, because a parser that has read a DTD has already worked for the attacker.
    # Only UTF-8 is read, so no other encoding can hide a DTD.
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as error:
        raise NotXml("not UTF-8") from error
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise ForbiddenXml("document type declaration")


def _require_bounds(root: etree._Element, limits: Limits) -> None:
    if cast(float, _NODES(root)) > limits.nodes:
        raise TooComplex(f"more than {limits.nodes} nodes")
    if _CROWDED(root):
        raise TooComplex(f"more than {MAX_ATTRIBUTES} attributes in one element")
    deeper = _DEEPER.get(limits.depth)
    if deeper is None:
        deeper = _DEEPER[limits.depth] = etree.XPath("boolean(" + "/*" * (limits.depth + 1) + ")")
    if deeper(root):
        raise TooComplex(f"nested deeper than {limits.depth} levels")


def detached(element: etree._Element) -> etree._Element:
    """Return a copy of an element as the root of a document of its own, ready for :func:`canonical`.

    The element is serialised and parsed: only so does the copy carry the namespaces that ancestors declare and
    that an InclusiveNamespaces list may name.
    """
    return parse_trusted(etree.tostring(element, with_tail=False, encoding="utf-8"))


def canonical(root: etree._Element, inclusive_prefixes: tuple[str, ...] = ()) -> bytes:
    """Return the exclusive canonical form of a detached element, without comments (xml-exc-c14n §3).

    :raises ForbiddenXml: it has no canonical form, because a namespace in it is a relative URI (xml-c14n §1.3).
    """
    try:
        return etree.tostring(
            root,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=list(inclusive_prefixes) or None,
        )
    except etree.C14NError as error:
        raise ForbiddenXml("relative namespace") from error


def text_of(element: etree._Element) -> str:
    """Return the text of an element that has no child elements, verbatim."""
    return element.text or ""


def stripped(text: str) -> str:
    """Return a text without the white space of XML around it.

    ``str.strip`` takes every space of Unicode, so that two identifiers that differ would become one.
    """
    return text.strip(SPACE)


def words_of(text: str) -> list[str]:
    """Return the parts of a list that the white space of XML divides (xs:list, XML Schema part 2 §2.5.1.2)."""
    return [word for word in _SPACES.split(text) if word]


def without_space(text: str) -> str:
    """Return base64 without the white space of XML in it; a library may read any other as nothing, or as an error."""
    return "".join(words_of(text))
