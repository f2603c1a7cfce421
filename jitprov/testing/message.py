"""Write a Response in the style of Entra."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from lxml import etree

from jitprov.saml.types import NameID
from jitprov.testing.knobs import (
    BEARER,
    ENTRA_PREFIXES,
    PASSWORD_CONTEXT,
    SUCCESS,
    Instant,
    Knobs,
    Prefixes,
)
from jitprov.testing.namespaces import ASSERTION, PROTOCOL, XS, XSI, bind
from jitprov.testing.person import ClaimValue, ClaimValues

_BACKDATED = timedelta(minutes=5)
_LIFETIME = timedelta(minutes=60)
_SINCE_AUTHENTICATION = timedelta(minutes=74)
"""People seldom enter their password for each sign-in, so that the session at Entra is older."""
_SINCE_ASSERTION = timedelta(milliseconds=12)
"""Entra writes the assertion before the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The values from which a response is written."""

    issuer: str
    acs_url: str
    audience: str
    in_response_to: str | None
    name_id: NameID | None
    attributes: Mapping[str, ClaimValues]
    now: datetime
    assertion_id: str | None
    knobs: Knobs

    @property
    def prefixes(self) -> Prefixes:
        return self.knobs.get("prefixes", ENTRA_PREFIXES)

    @property
    def has_assertion(self) -> bool:
        succeeded = self.knobs.get("status", SUCCESS) in {SUCCESS, None}
        return self.knobs.get("with_assertion", succeeded)

    def write(self, instant: Instant | None) -> str | None:
        """Return an instant in the format of the message: UTC, with a fraction of a second."""
        if not isinstance(instant, datetime):
            return instant
        digits = self.knobs.get("fraction_digits", 3)
        fraction = f"{instant.microsecond:06d}0000000"[:digits]
        seconds = instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S")
        return f"{seconds}.{fraction}Z" if digits else f"{seconds}Z"


def new_id() -> str:
    return f"_{uuid.uuid4()}"


def build_response(draft: Draft) -> etree._Element:
    """Return the Response, neither signed nor encrypted."""
    response = _response(draft)
    issuer = draft.knobs.get("response_issuer", draft.issuer)
    if issuer is not None:
        nsmap = None if draft.prefixes.response else bind((None, ASSERTION))
        _add(response, "Issuer", text=issuer, nsmap=nsmap)
    _add_status(response, draft.knobs)
    if draft.has_assertion:
        _add_assertion(response, draft)
    if draft.knobs.get("indent", False):
        etree.indent(response)
    if draft.knobs.get("comments", False):
        _break_values_by_comments(response)
    return response


def _response(draft: Draft) -> etree._Element:
    knobs = draft.knobs
    nsmap = bind((draft.prefixes.protocol, PROTOCOL))
    if draft.prefixes.response:
        nsmap |= bind((draft.prefixes.response, ASSERTION))
    response = etree.Element(f"{{{PROTOCOL}}}Response", nsmap=nsmap)
    _set(
        response,
        ID=knobs.get("response_id", new_id()),
        Version=knobs.get("response_version", "2.0"),
        IssueInstant=draft.write(knobs.get("response_issue_instant", draft.now)),
        Destination=knobs.get("destination", draft.acs_url),
        InResponseTo=knobs.get("response_in_response_to", draft.in_response_to),
    )
    return response


def _add_status(response: etree._Element, knobs: Knobs) -> None:
    value = knobs.get("status", SUCCESS)
    if value is None:
        return
    status = _add(response, "Status", namespace=PROTOCOL)
    code = _add(status, "StatusCode", namespace=PROTOCOL, Value=value)
    nested = knobs.get("status_nested")
    if nested is not None:
        _add(code, "StatusCode", namespace=PROTOCOL, Value=nested)
    message = knobs.get("status_message")
    if message is not None:
        _add(status, "StatusMessage", namespace=PROTOCOL, text=message)


def _add_assertion(response: etree._Element, draft: Draft) -> None:
    knobs = draft.knobs
    issued = knobs.get("assertion_issue_instant", draft.now - _SINCE_ASSERTION)
    assertion = _add(
        response,
        "Assertion",
        nsmap=bind((draft.prefixes.assertion, ASSERTION)),
        ID=draft.assertion_id,
        IssueInstant=draft.write(issued),
        Version=knobs.get("assertion_version", "2.0"),
    )
    issuer = knobs.get("assertion_issuer", draft.issuer)
    if issuer is not None:
        _add(assertion, "Issuer", text=issuer)
    if knobs.get("subject", True):
        _add_subject(assertion, draft)
    if knobs.get("conditions", True):
        _add_conditions(assertion, draft)
    _add_attribute_statements(assertion, draft)
    for _ in range(knobs.get("authn_statements", 1)):
        _add_authn_statement(assertion, draft)


def _add_subject(assertion: etree._Element, draft: Draft) -> None:
    subject = _add(assertion, "Subject")
    if draft.name_id is not None:
        _add_name_id(subject, draft.name_id)
    method = draft.knobs.get("confirmation_method", BEARER)
    if method is None:
        return
    confirmation = _add(subject, "SubjectConfirmation", Method=method)
    if draft.knobs.get("confirmation_data", True):
        _add_confirmation_data(confirmation, draft)


def _add_name_id(parent: etree._Element, name_id: NameID) -> None:
    _add(
        parent,
        "NameID",
        text=name_id.value,
        Format=name_id.format or None,
        NameQualifier=name_id.name_qualifier or None,
        SPNameQualifier=name_id.sp_name_qualifier or None,
    )


def _add_confirmation_data(confirmation: etree._Element, draft: Draft) -> None:
    knobs = draft.knobs
    ends = knobs.get("confirmation_not_on_or_after", draft.now + _LIFETIME)
    _add(
        confirmation,
        "SubjectConfirmationData",
        InResponseTo=knobs.get("confirmation_in_response_to", draft.in_response_to),
        NotBefore=draft.write(knobs.get("confirmation_not_before")),
        NotOnOrAfter=draft.write(ends),
        Recipient=knobs.get("recipient", draft.acs_url),
        Address=knobs.get("confirmation_address"),
    )


def _add_conditions(assertion: etree._Element, draft: Draft) -> None:
    knobs = draft.knobs
    conditions = _add(
        assertion,
        "Conditions",
        NotBefore=draft.write(knobs.get("not_before", draft.now - _BACKDATED)),
        NotOnOrAfter=draft.write(knobs.get("not_on_or_after", draft.now + _LIFETIME)),
    )
    for audiences in knobs.get("audience_restrictions", [[draft.audience]]):
        restriction = _add(conditions, "AudienceRestriction")
        for audience in audiences:
            _add(restriction, "Audience", text=audience)
    if knobs.get("one_time_use", False):
        _add(conditions, "OneTimeUse")


def _add_authn_statement(assertion: etree._Element, draft: Draft) -> None:
    knobs = draft.knobs
    authenticated = knobs.get("authn_instant", draft.now - _SINCE_AUTHENTICATION)
    statement = _add(
        assertion,
        "AuthnStatement",
        AuthnInstant=draft.write(authenticated),
        SessionIndex=knobs.get("session_index", draft.assertion_id),
        SessionNotOnOrAfter=draft.write(knobs.get("session_not_on_or_after")),
    )
    context = knobs.get("authn_context", PASSWORD_CONTEXT)
    if context is not None:
        _add(_add(statement, "AuthnContext"), "AuthnContextClassRef", text=context)


def _add_attribute_statements(assertion: etree._Element, draft: Draft) -> None:
    count = draft.knobs.get("attribute_statements", 1)
    attributes = list(_attributes(draft))
    for number in range(count if attributes else 0):
        statement = _add(assertion, "AttributeStatement")
        for name, values in attributes[number::count]:
            _add_attribute(statement, name, values, draft.knobs)


def _attributes(draft: Draft) -> Iterator[tuple[str, list[ClaimValue]]]:
    for name, given in draft.attributes.items():
        values: list[ClaimValue] = [given] if isinstance(given, str) else list(given)
        if draft.knobs.get("attribute_per_value", False):
            yield from ((name, [value]) for value in values)
        else:
            yield name, values


def _add_attribute(
    statement: etree._Element, name: str, values: list[ClaimValue], knobs: Knobs
) -> None:
    name_format = knobs.get("attribute_name_format")
    attribute = _add(statement, "Attribute", Name=name, NameFormat=name_format)
    for value in values:
        _add_attribute_value(attribute, value, knobs.get("attribute_type"))


def _add_attribute_value(
    attribute: etree._Element, value: ClaimValue, value_type: str | None
) -> None:
    typed = value is None or value_type is not None
    nsmap = bind(("xs", XS), ("xsi", XSI)) if typed else None
    element = _add(attribute, "AttributeValue", nsmap=nsmap)
    if value_type is not None:
        element.set(f"{{{XSI}}}type", value_type)
    if value is None:
        element.set(f"{{{XSI}}}nil", "true")
    elif isinstance(value, NameID):
        _add_name_id(element, value)
    else:
        element.text = value or None


def _break_values_by_comments(response: etree._Element) -> None:
    for assertion in response.iterfind(f"{{{ASSERTION}}}Assertion"):
        for element in list(assertion.iter(f"{{{ASSERTION}}}*")):
            text = element.text or ""
            if len(element) == 0 and text:
                comment = etree.Comment(" the value goes on ")
                comment.tail = text[len(text) // 2 :]
                element.text = text[: len(text) // 2]
                element.append(comment)


def _add(
    parent: etree._Element,
    name: str,
    *,
    namespace: str = ASSERTION,
    text: str | None = None,
    nsmap: Mapping[str, str] | None = None,
    **attributes: str | None,
) -> etree._Element:
    """Add a child element in place. lxml would change the prefixes of an element that is moved here later."""
    element = etree.SubElement(parent, f"{{{namespace}}}{name}", nsmap=nsmap)
    element.text = text
    _set(element, **attributes)
    return element


def _set(element: etree._Element, **attributes: str | None) -> None:
    for name, value in attributes.items():
        if value is not None:
            element.set(name, value)
