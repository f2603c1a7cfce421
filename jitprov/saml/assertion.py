"""Read the parts and values of an assertion, or refuse a part that is absent, doubled, encrypted or unreadable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType

from lxml import etree

from jitprov.saml.assertion_refusals import AssertionMalformed, AudienceMismatch, EncryptedPart
from jitprov.saml.time import parse_instant
from jitprov.saml.types import NameID
from jitprov.saml.xml import SAML, text_of

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


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
        yield [text_of(audience) for audience in restriction]


def authn_context_of(statement: etree._Element) -> str:
    """Return the class of the authentication context, or an empty text."""
    reference = only(statement, "AuthnContext").find(f"{{{SAML}}}AuthnContextClassRef")
    return "" if reference is None else text_of(reference).strip()


def name_id_of(subject: etree._Element, sp_entity_id: str) -> NameID | None:
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
    qualifier = name_ids[0].get("SPNameQualifier", "")
    if qualifier not in ("", sp_entity_id):
        raise AudienceMismatch(expected=sp_entity_id, received=(qualifier,))
    return NameID(
        value=text_of(name_ids[0]),
        format=name_ids[0].get("Format", ""),
        name_qualifier=name_ids[0].get("NameQualifier", ""),
        sp_name_qualifier=qualifier,
    )


def attributes_of(assertion: etree._Element) -> Mapping[str, tuple[str, ...]]:
    """Return every attribute; the parts of one that is sent in several, as by Keycloak, are joined."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in children(assertion, "AttributeStatement"):
        if children(statement, "EncryptedAttribute"):
            raise EncryptedPart("Attribute").stating(
                expected="Attribute", received=("EncryptedAttribute",)
            )
        for attribute in children(statement, "Attribute"):
            name = attribute.get("Name")
            if not name:
                raise AssertionMalformed("attribute without a Name").stating(
                    expected="Attribute Name"
                )
            found[name] = found.get(name, ()) + _values(attribute)
    return MappingProxyType(found)


def _values(attribute: etree._Element) -> tuple[str, ...]:
    texts = (_value(value) for value in children(attribute, "AttributeValue"))
    return tuple(text for text in texts if text)


def _value(value: etree._Element) -> str:
    """Return the text of a value, or of the NameID inside it (eduPersonTargetedID); other XML is ignored."""
    if value.get(_NIL) in ("true", "1"):
        return ""
    name_id = value.find(f"{{{SAML}}}NameID") if len(value) else None
    return text_of(value if name_id is None else name_id).strip()
