"""Read who an assertion is about once more, by another parser, from the very bytes that were verified.

Both verifiers parse with libxml2, so a fault of its, or of how it is asked, would be in both. This reads with expat,
from the bytes and not from a tree that another parser made, and shares no code with the first reading.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from jitprov.saml.types import NameID
from jitprov.saml.xml import MESSAGE_LIMITS

MAX_BYTES = 4 * MESSAGE_LIMITS.bytes
"""Most bytes that are read: a canonical form is longer than the message that it was made of."""
_SAML = "urn:oasis:names:tc:SAML:2.0:assertion "
_NIL = "http://www.w3.org/2001/XMLSchema-instance nil"
_XML_SPACE = "\x20\x09\x0d\x0a"


class NotReread(Exception):
    """The bytes have no assertion that expat can read in its place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reread:
    """The person in an assertion, and who says so, as expat reads it."""

    assertion_id: str
    issuers: tuple[str, ...]
    name_ids: tuple[NameID, ...]
    attributes: dict[str, tuple[str, ...]]
    unreadable: frozenset[str]


def reread(document: bytes, *, idp_entity_id: str, sp_entity_id: str) -> Reread:
    """Return the identifier and the values of the only assertion in a document.

    :param document: an Assertion, or a Response with one Assertion as its child.
    :raises NotReread: it is something else, or has a document type declaration.
    """
    assertion = _assertion(_parsed(document))
    values: dict[str, tuple[str, ...]] = {}
    unreadable = set()
    for attribute in _inside(assertion, "AttributeStatement", "Attribute"):
        name = attribute.get("Name", "")
        texts = [
            _text(value, (idp_entity_id, sp_entity_id))
            for value in _inside(attribute, "AttributeValue")
        ]
        values[name] = (*values.get(name, ()), *(text for text in texts if text))
        if None in texts:
            unreadable.add(name)
    return Reread(
        assertion_id=assertion.get("ID", ""),
        issuers=tuple(map(_whole, _inside(assertion, "Issuer"))),
        name_ids=tuple(map(_name_id, _inside(assertion, "Subject", "NameID"))),
        attributes=values,
        unreadable=frozenset(unreadable),
    )


def _inside(element: Element, *names: str) -> list[Element]:
    """Return the elements at the end of a path of names."""
    found = [element]
    for name in names:
        found = [child for parent in found for child in parent if child.tag == _SAML + name]
    return found


def _parsed(document: bytes) -> Element:
    if len(document) > MAX_BYTES:
        raise NotReread("too large")
    builder = TreeBuilder()
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.data
    # What is canonical has none of these, and what an attacker wants of a parser begins with one.
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ProcessingInstructionHandler = _refuse
    try:
        parser.Parse(document, True)
    except expat.ExpatError as error:
        raise NotReread("not well-formed") from error
    return builder.close()


def _refuse(*_arguments: Any) -> NoReturn:
    raise NotReread("a declaration or a processing instruction")


def _assertion(root: Element) -> Element:
    found: list[Element] = [
        element for element in (root, *root) if element.tag == f"{_SAML}Assertion"
    ]
    if len(found) != 1:
        raise NotReread(f"{len(found)} assertions instead of one")
    return found[0]


def _name_id(element: Element) -> NameID:
    return NameID(
        value=_whole(element),
        format=element.get("Format", ""),
        name_qualifier=element.get("NameQualifier", ""),
        sp_name_qualifier=element.get("SPNameQualifier", ""),
    )


def _text(value: Element, parties: tuple[str, str]) -> str | None:
    """Return the text of a value or of the NameID in it; ``None`` for other elements, or for another's NameID."""
    if value.get(_NIL) in {"1", "true"}:
        return ""
    inside = [child.tag for child in value]
    if inside not in ([], [f"{_SAML}NameID"]):
        return None
    if inside and not _is_ours(value[0], parties):
        return None
    return _whole(value).strip(_XML_SPACE)


def _is_ours(name_id: Element, parties: tuple[str, str]) -> bool:
    qualifiers = (name_id.get("NameQualifier", ""), name_id.get("SPNameQualifier", ""))
    return all(given in {"", party} for given, party in zip(qualifiers, parties, strict=True))


def _whole(element: Element) -> str:
    """Return all the text in an element, also in and after others: a reader that stops half-way then differs."""
    return "".join(element.itertext())
