"""Read the parts and values of an assertion, or refuse a part that is absent, doubled, encrypted or unreadable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from lxml import etree

from jitprov.saml.assertion_refusals import (
    AssertionMalformed,
    AudienceMismatch,
    EncryptedPart,
    IssuerMismatch,
)
from jitprov.saml.time import parse_instant
from jitprov.saml.types import NameID
from jitprov.saml.xml import SAML, stripped, text_of

NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributes:
    """The attributes of an assertion."""

    values: Mapping[str, tuple[str, ...]]
    """The texts by name, without white space around them. An empty attribute has none."""
    unreadable: frozenset[str] = frozenset()
    """The attributes with a value that is no text: it has elements inside, or names a person of another directory.

    Nobody may use those, because a part of such a value would be taken for the whole.
    """


def children(parent: etree._Element, name: str) -> list[etree._Element]:
    """Return the child elements with a name of the assertion namespace."""
    return [*parent.iterchildren(f"{{{SAML}}}{name}")]


def only(parent: etree._Element, name: str) -> etree._Element:
    """Return the only child element with a name of the assertion namespace."""
    found = children(parent, name)
    if len(found) != 1:
        raise AssertionMalformed(f"{len(found)} {name} elements instead of one").stating(
            expected=f"1 {name}", received=(f"{len(found)} {name}",)
        )
    return found[0]


def instant_of(element: etree._Element, attribute: str) -> datetime:
    """Return the moment that an attribute states."""
    try:
        return parse_instant(element.get(attribute, ""))
    except ValueError as error:
        received = element.get(attribute)
        raise AssertionMalformed(attribute).stating(
            expected=f"{attribute} (xs:dateTime)",
            received=() if received is None else (received,),
        ) from error


def latest_end(subject: etree._Element, confirmation: etree._Element) -> datetime:
    """Return when the last confirmation ends; until then the assertion could be delivered again."""
    tag = f"{{{SAML}}}SubjectConfirmationData"
    others = [data for data in subject.iter(tag) if data.get("NotOnOrAfter") is not None]
    return max(instant_of(data, "NotOnOrAfter") for data in [confirmation, *others])


def audiences_of(conditions: etree._Element) -> Iterator[list[str]]:
    """Yield the audiences of each restriction."""
    for restriction in children(conditions, "AudienceRestriction"):
        yield [plain_text(audience) for audience in restriction]


def authn_context_of(statement: etree._Element) -> str:
    """Return the class of the authentication context, or an empty text."""
    reference = only(statement, "AuthnContext").find(f"{{{SAML}}}AuthnContextClassRef")
    return "" if reference is None else stripped(plain_text(reference))


def plain_text(element: etree._Element) -> str:
    """Return the text of an element; refuse elements inside it, because a reader would stop at the first."""
    if len(element):
        name = etree.QName(element).localname
        raise AssertionMalformed(f"elements inside {name}").stating(
            expected=f"{name} (text)", received=[str(child.tag) for child in element]
        )
    return text_of(element)


def name_id_of(subject: etree._Element) -> NameID | None:
    """Return the NameID, or ``None``: AD FS sends one only if a rule makes it. Then a claim must be the anchor."""
    if children(subject, "EncryptedID"):
        raise EncryptedPart("NameID").stating(expected="NameID", received=("EncryptedID",))
    name_ids = children(subject, "NameID")
    if len(name_ids) > 1:
        raise AssertionMalformed("several NameIDs").stating(
            expected="1 NameID", received=(f"{len(name_ids)} NameID",)
        )
    if not name_ids:
        return None
    name_id = _name_id(name_ids[0])
    if not name_id.value:
        raise AssertionMalformed("an empty NameID").stating(expected="NameID (text)")
    return name_id


def require_qualifiers(name_id: NameID | None, idp_entity_id: str, sp_entity_id: str) -> None:
    """Require that a NameID is the identity provider's own, for us (saml-core-2.0 §2.2.2).

    The same text names somebody else under another qualifier, as a proxy may pass it on.
    """
    if name_id is None:
        return
    if name_id.name_qualifier not in ("", idp_entity_id):
        raise IssuerMismatch(expected=idp_entity_id, received=(name_id.name_qualifier,))
    if name_id.sp_name_qualifier not in ("", sp_entity_id):
        raise AudienceMismatch(expected=sp_entity_id, received=(name_id.sp_name_qualifier,))


def attributes_of(assertion: etree._Element, parties: tuple[str, str] | None = None) -> Attributes:
    """Return every attribute; the parts of one that is sent in several, as by Keycloak, are joined.

    :param parties: the entity IDs of the identity provider and of us, by which NameIDs inside values must be
        qualified; ``None`` where nobody is signed in by them.
    """
    found: dict[str, tuple[str, ...]] = {}
    unreadable = set()
    for attribute in _attributes(assertion):
        name = attribute.get("Name")
        if not name:
            raise AssertionMalformed("attribute without a Name").stating(expected="Attribute Name")
        values = [_value(value, parties) for value in children(attribute, "AttributeValue")]
        found[name] = found.get(name, ()) + tuple(filter(None, values))
        if None in values:
            unreadable.add(name)
    return Attributes(values=MappingProxyType(found), unreadable=frozenset(unreadable))


def _attributes(assertion: etree._Element) -> Iterator[etree._Element]:
    for statement in children(assertion, "AttributeStatement"):
        if children(statement, "EncryptedAttribute"):
            raise EncryptedPart("Attribute").stating(
                expected="Attribute", received=("EncryptedAttribute",)
            )
        yield from children(statement, "Attribute")


def _value(value: etree._Element, parties: tuple[str, str] | None) -> str | None:
    """Return the text of a value, or of the NameID inside it (eduPersonTargetedID), or ``None`` for anything else."""
    if value.get(NIL) in ("true", "1"):
        return ""
    if not len(value):
        return stripped(text_of(value))
    if len(value) > 1 or value[0].tag != f"{{{SAML}}}NameID":
        return None
    if stripped(text_of(value) + (value[0].tail or "")):
        raise AssertionMalformed("text beside a NameID").stating(
            expected="AttributeValue (text or NameID)", received=("text and NameID",)
        )
    name_id = _name_id(value[0])
    if parties and not _is_qualified_by(name_id, parties):
        return None
    return stripped(name_id.value)


def _is_qualified_by(name_id: NameID, parties: tuple[str, str]) -> bool:
    idp_entity_id, sp_entity_id = parties
    return name_id.name_qualifier in ("", idp_entity_id) and name_id.sp_name_qualifier in (
        "",
        sp_entity_id,
    )


def _name_id(element: etree._Element) -> NameID:
    return NameID(
        value=plain_text(element),
        format=element.get("Format", ""),
        name_qualifier=element.get("NameQualifier", ""),
        sp_name_qualifier=element.get("SPNameQualifier", ""),
    )
