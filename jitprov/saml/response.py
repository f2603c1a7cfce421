"""The rules of the Web Browser SSO profile, one function each, restated on the values that were signed.

The second verifier, python3-saml, runs after these. It alone would not do: it skips what is absent, finds our
URL *inside* a Recipient and takes a Destination that merely begins with it. Here, absence is a refusal.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml import toolkit
from jitprov.saml.envelope import Opened, open_response
from jitprov.saml.signature import is_valid_at
from jitprov.saml.time import parse_instant
from jitprov.saml.types import (
    MAX_CLOCK_SKEW,
    IdpMetadata,
    NameID,
    ServiceProvider,
    VerifiedAssertion,
)
from jitprov.saml.xml import SAML, text_of

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_UNDERSTOOD_CONDITIONS = {
    f"{{{SAML}}}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
}


class AssertionRejected(JitprovError):
    """The identity provider made this assertion, but not for this sign-in."""

    code = "assertion_rejected"


class AssertionMalformed(AssertionRejected):
    """A required part of the assertion is absent, doubled or unreadable."""

    code = "assertion_malformed"


class EncryptedPart(AssertionRejected):
    """The assertion has an encrypted NameID or attribute; only whole assertions may be encrypted."""

    code = "encrypted_part"


class Mismatch(AssertionRejected):
    """A value differs from the one that it must equal."""

    code = "mismatch"

    def __init__(self, *, expected: str, received: Collection[str]) -> None:
        shown = ", ".join(repr(value[:200]) for value in received) or "nothing"
        super().__init__(f"expected {expected!r}, received {shown}")
        self.expected = expected
        self.received = tuple(received)


class IssuerMismatch(Mismatch):
    """Another identity provider made the assertion."""

    code = "issuer_mismatch"


class AudienceMismatch(Mismatch):
    """The assertion was meant for another service provider."""

    code = "audience_mismatch"


class RecipientMismatch(Mismatch):
    """The assertion was meant to be delivered to another URL."""

    code = "recipient_mismatch"


class DestinationMismatch(Mismatch):
    """The response was meant to be delivered to another URL."""

    code = "destination_mismatch"


class ConfirmationMissing(AssertionRejected):
    """The assertion has no bearer confirmation, so whoever brings it is not its subject."""

    code = "confirmation_missing"


class UnknownCondition(AssertionRejected):
    """The assertion holds only under a condition that we do not understand."""

    code = "unknown_condition"


class NotYetValid(AssertionRejected):
    """The assertion begins in the future: one of the clocks is wrong."""

    code = "not_yet_valid"


class Expired(AssertionRejected):
    """The assertion has ended: it took too long, or one of the clocks is wrong."""

    code = "expired"


class SessionOver(AssertionRejected):
    """The session at the identity provider has ended."""

    code = "session_over"


class AuthenticationTooOld(AssertionRejected):
    """We asked for a fresh authentication and were given an old one."""

    code = "authentication_too_old"


class RequestUnknown(AssertionRejected):
    """The assertion answers a request that this browser did not make, or not lately."""

    code = "request_unknown"


class Unsolicited(AssertionRejected):
    """Nobody here asked for this assertion."""

    code = "unsolicited"


class VerifiersDisagree(AssertionRejected):
    """The second verifier refuses, or reads, what the first accepted otherwise."""

    code = "verifiers_disagree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What one sign-in expects of the assertion that comes back."""

    sp: ServiceProvider
    idp: IdpMetadata
    pending: Mapping[str, datetime | None]
    """Requests that this browser has pending at this identity provider, by ID.

    With each, since when the person must have authenticated: set if ForceAuthn was asked for.
    """
    now: datetime
    clock_skew: timedelta = timedelta(seconds=120)
    allow_unsolicited: bool = False

    @property
    def earliest(self) -> datetime:
        """The earliest moment that any trusted clock may show."""
        return self.now - min(self.clock_skew, MAX_CLOCK_SKEW)

    @property
    def latest(self) -> datetime:
        """The latest moment that any trusted clock may show."""
        return self.now + min(self.clock_skew, MAX_CLOCK_SKEW)


def verify_response(saml_response: str, expect: Expectation) -> VerifiedAssertion:
    """Return what the identity provider asserted about a person, or raise a :class:`JitprovError`.

    The error's ``origin_verified`` says whether the signature had been found good before the refusal.

    :param saml_response: the base64 that was posted.
    :raises ResponseRefused, XmlRefused: it is not a response that can carry a sign-in.
    :raises SignatureRefused: it is not proved to be this identity provider's.
    :raises AssertionRejected: it is, but not for this sign-in.
    """
    opened = open_response(
        saml_response,
        certificates=expect.idp.signing_certificates,
        key_pairs=expect.sp.key_pairs,
        now=expect.now,
    )
    try:
        _require_envelope(opened, expect)
        verified = _read_assertion(opened.assertion, expect)
        _require_agreement(opened, verified, expect)
    except JitprovError as error:
        error.origin_verified = True
        raise
    return verified


def _require_envelope(opened: Opened, expect: Expectation) -> None:
    """Judge the Response around the assertion: what it says must fit, and may not be missing if it is signed."""
    destination = opened.response.get("Destination")
    if (destination is not None or opened.response_signed) and destination != expect.sp.acs_url:
        # saml-bindings-2.0 §3.5.5.2
        received = () if destination is None else (destination,)
        raise DestinationMismatch(expected=expect.sp.acs_url, received=received)
    if opened.response_signed or opened.response.find(f"{{{SAML}}}Issuer") is not None:
        _require_issuer(opened.response, expect.idp.entity_id)


def _read_assertion(assertion: etree._Element, expect: Expectation) -> VerifiedAssertion:
    _require_issuer(assertion, expect.idp.entity_id)
    if assertion.get("Version") != "2.0":
        raise AssertionMalformed("Version")
    if _instant(assertion, "IssueInstant") > expect.latest:
        raise NotYetValid("IssueInstant")
    subject = _only(assertion, "Subject")
    confirmation = _require_confirmation(subject, expect)
    _require_conditions(_only(assertion, "Conditions"), expect)
    statement = _only(assertion, "AuthnStatement")
    return VerifiedAssertion(
        assertion_id=assertion.get("ID", ""),
        issuer=expect.idp.entity_id,
        name_id=_name_id(subject, expect.sp.entity_id),
        attributes=_attributes(assertion),
        in_response_to=confirmation.get("InResponseTo"),
        not_on_or_after=_latest_end(subject, confirmation),
        authn_instant=_require_authentication(statement, confirmation.get("InResponseTo"), expect),
        authn_context=_authn_context(statement),
        session_index=statement.get("SessionIndex", ""),
        session_not_on_or_after=_require_session(statement, expect),
    )


def _require_issuer(element: etree._Element, expected: str) -> None:
    issuers = element.findall(f"{{{SAML}}}Issuer")
    received = [text_of(issuer) for issuer in issuers]
    if received != [expected] or issuers[0].get("Format", ENTITY_FORMAT) != ENTITY_FORMAT:
        raise IssuerMismatch(expected=expected, received=received)


def _require_confirmation(subject: etree._Element, expect: Expectation) -> etree._Element:
    """Return the SubjectConfirmationData that makes the bearer the subject (saml-profiles-2.0 §4.1.4.2).

    One good confirmation is enough. If none is, the first one's fault is reported.
    """
    faults: list[AssertionRejected] = []
    for confirmation in subject.findall(f"{{{SAML}}}SubjectConfirmation"):
        if confirmation.get("Method") != BEARER:
            continue
        try:
            data = _only(confirmation, "SubjectConfirmationData")
            _require_confirmation_data(data, expect)
        except AssertionRejected as fault:
            faults.append(fault)
        else:
            return data
    raise faults[0] if faults else ConfirmationMissing()


def _latest_end(subject: etree._Element, confirmation: etree._Element) -> datetime:
    """Return when the last of the confirmations ends: until then the assertion could be brought again."""
    tag = f"{{{SAML}}}SubjectConfirmationData"
    others = [data for data in subject.iter(tag) if data.get("NotOnOrAfter") is not None]
    return max(_instant(data, "NotOnOrAfter") for data in [confirmation, *others])


def _require_confirmation_data(data: etree._Element, expect: Expectation) -> None:
    # saml-core-2.0 §2.4.1.2: exactly the URL that it was delivered to. Were our URL only looked for inside it,
    # acme's assertions would pass at the ACS of acme-eu.
    if data.get("Recipient") != expect.sp.acs_url:
        recipient = data.get("Recipient")
        received = () if recipient is None else (recipient,)
        raise RecipientMismatch(expected=expect.sp.acs_url, received=received)
    if data.get("NotBefore") is not None:
        raise AssertionMalformed("NotBefore in a bearer confirmation")
    if _instant(data, "NotOnOrAfter") <= expect.earliest:
        raise Expired("SubjectConfirmationData")
    _require_request(data.get("InResponseTo"), expect)


def _require_request(in_response_to: str | None, expect: Expectation) -> None:
    """Require an answer to a request of this browser.

    Only the signed SubjectConfirmationData counts: the Response's own InResponseTo is outside of Entra's
    signature, so whoever steals an assertion could delete it.
    """
    if in_response_to is None:
        if not expect.allow_unsolicited:
            raise Unsolicited
    elif in_response_to not in expect.pending:
        raise RequestUnknown


def _require_conditions(conditions: etree._Element, expect: Expectation) -> None:
    if any(condition.tag not in _UNDERSTOOD_CONDITIONS for condition in conditions):
        raise UnknownCondition  # saml-core-2.0 §2.5.1.1: then the assertion is indeterminate
    if "NotBefore" in conditions.attrib and _instant(conditions, "NotBefore") > expect.latest:
        raise NotYetValid("Conditions")
    if (
        "NotOnOrAfter" in conditions.attrib
        and _instant(conditions, "NotOnOrAfter") <= expect.earliest
    ):
        raise Expired("Conditions")
    restrictions = conditions.findall(f"{{{SAML}}}AudienceRestriction")
    audiences = [[text_of(audience) for audience in restriction] for restriction in restrictions]
    # saml-core-2.0 §2.5.1.4: inside a restriction any one will do, but every restriction must be met.
    if not audiences or any(expect.sp.entity_id not in choice for choice in audiences):
        received = [audience for choice in audiences for audience in choice]
        raise AudienceMismatch(expected=expect.sp.entity_id, received=received)


def _require_authentication(
    statement: etree._Element, in_response_to: str | None, expect: Expectation
) -> datetime:
    authenticated = _instant(statement, "AuthnInstant")
    if authenticated > expect.latest:
        raise NotYetValid("AuthnInstant")
    since = expect.pending.get(in_response_to or "")
    if since is not None and authenticated < since - (expect.now - expect.earliest):
        raise AuthenticationTooOld
    return authenticated


def _require_session(statement: etree._Element, expect: Expectation) -> datetime | None:
    if statement.get("SessionNotOnOrAfter") is None:
        return None
    end = _instant(statement, "SessionNotOnOrAfter")
    if end <= expect.earliest:
        raise SessionOver
    return end


def _authn_context(statement: etree._Element) -> str:
    reference = _only(statement, "AuthnContext").find(f"{{{SAML}}}AuthnContextClassRef")
    return "" if reference is None else text_of(reference).strip()


def _name_id(subject: etree._Element, sp_entity_id: str) -> NameID | None:
    """Return the NameID. AD FS sends none unless a rule makes one: then a claim must be the anchor."""
    if subject.find(f"{{{SAML}}}EncryptedID") is not None:
        raise EncryptedPart("NameID")
    name_ids = subject.findall(f"{{{SAML}}}NameID")
    if len(name_ids) > 1:
        raise AssertionMalformed("several NameIDs")
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


def _attributes(assertion: etree._Element) -> Mapping[str, tuple[str, ...]]:
    """Return every attribute; one that is sent in several parts, as Keycloak does, is joined."""
    found: dict[str, tuple[str, ...]] = {}
    for statement in assertion.findall(f"{{{SAML}}}AttributeStatement"):
        if statement.find(f"{{{SAML}}}EncryptedAttribute") is not None:
            raise EncryptedPart("Attribute")
        for attribute in statement.findall(f"{{{SAML}}}Attribute"):
            name = attribute.get("Name")
            if not name:
                raise AssertionMalformed("attribute without a Name")
            found[name] = found.get(name, ()) + _values(attribute)
    return MappingProxyType(found)


def _values(attribute: etree._Element) -> tuple[str, ...]:
    texts = (_value(value) for value in attribute.findall(f"{{{SAML}}}AttributeValue"))
    return tuple(text for text in texts if text)


def _value(value: etree._Element) -> str:
    """Return the text of a value, or of the NameID inside it (eduPersonTargetedID); other XML is no value."""
    if value.get(_NIL) in ("true", "1"):
        return ""
    name_id = value.find(f"{{{SAML}}}NameID")
    return text_of(value if name_id is None else name_id).strip()


def _require_agreement(opened: Opened, ours: VerifiedAssertion, expect: Expectation) -> None:
    """Let the second verifier judge the same bytes; both must have read the same."""
    trusted = tuple(
        certificate.pem
        for certificate in expect.idp.signing_certificates
        if is_valid_at(certificate, expect.now)
    )
    try:
        theirs = toolkit.judge(
            opened.document,
            decrypted=opened.decrypted,
            parties=toolkit.Parties.of(expect.sp, expect.idp, trusted),
            request_id=ours.in_response_to,
            now=expect.earliest,
        )
    except toolkit.ToolkitRefused as error:
        raise VerifiersDisagree(str(error)) from error
    name_id = ours.name_id.value if ours.name_id else None
    mine = (ours.assertion_id, ours.issuer, name_id, dict(ours.attributes))
    if mine != (theirs.assertion_id, theirs.issuer, theirs.name_id, theirs.attributes):
        raise VerifiersDisagree("they read different values")


def _only(parent: etree._Element, name: str) -> etree._Element:
    children = parent.findall(f"{{{SAML}}}{name}")
    if len(children) != 1:
        raise AssertionMalformed(f"{len(children)} {name} elements instead of one")
    return children[0]


def _instant(element: etree._Element, attribute: str) -> datetime:
    try:
        return parse_instant(element.get(attribute, ""))
    except ValueError as error:
        raise AssertionMalformed(attribute) from error
