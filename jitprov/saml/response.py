"""Verify a response: apply each rule of the Web Browser SSO profile to the values that were signed.

The second verifier, python3-saml, runs after these rules. It is not enough alone: it skips what is absent, finds our
URL *inside* a Recipient, and accepts a Destination that only begins with our URL. Here, absence is a refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml import toolkit
from jitprov.saml.assertion import (
    Attributes,
    attributes_of,
    audiences_of,
    children,
    instant_of,
    latest_end,
    name_id_of,
    only,
    plain_text,
    require_qualifiers,
)
from jitprov.saml.assertion_refusals import (
    AssertionMalformed,
    AssertionRejected,
    AudienceMismatch,
    AuthenticationTooOld,
    ConfirmationMissing,
    DestinationMismatch,
    Expired,
    IssuerMismatch,
    NotBySchema,
    NotYetValid,
    RecipientMismatch,
    RequestUnknown,
    SessionOver,
    UnknownCondition,
    Unsolicited,
    VerifiersDisagree,
)
from jitprov.saml.contexts import require_context
from jitprov.saml.envelope import Opened, open_response
from jitprov.saml.rereading import NotReread, reread
from jitprov.saml.signature import is_valid_at
from jitprov.saml.time import format_instant, with_skew
from jitprov.saml.types import (
    MAX_CLOCK_SKEW,
    IdpMetadata,
    NameID,
    ServiceProvider,
    VerifiedAssertion,
)
from jitprov.saml.xml import SAML

BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
ENTITY_FORMAT = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
_UNDERSTOOD_CONDITIONS = {
    f"{{{SAML}}}{name}" for name in ("AudienceRestriction", "OneTimeUse", "ProxyRestriction")
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """The parties, requests and time that a response is verified against."""

    sp: ServiceProvider
    idp: IdpMetadata
    pending: Mapping[str, datetime | None]
    """Requests that this browser has pending at this identity provider, by ID.

    The value is the earliest time at which the person may have authenticated: set if ForceAuthn was asked for.
    """
    now: datetime
    clock_skew: timedelta = timedelta(seconds=120)
    allow_unsolicited: bool = False
    required_contexts: frozenset[str] = frozenset()
    """The person must have authenticated by one of these, if there are any."""

    @property
    def skew(self) -> timedelta:
        """Return how far a trusted clock may be from ours."""
        return min(self.clock_skew, MAX_CLOCK_SKEW)

    @property
    def earliest(self) -> datetime:
        """Return the earliest moment that a trusted clock may show."""
        return self.now - self.skew

    @property
    def latest(self) -> datetime:
        """Return the latest moment that a trusted clock may show."""
        return self.now + self.skew

    @property
    def clock(self) -> str:
        """Return our time and the skew, as an error states them."""
        return with_skew(self.now, self.skew)


def verify_response(saml_response: str, expect: Expectation) -> VerifiedAssertion:
    """Return the assertion about a person in a response that passes every check of both verifiers.

    The ``origin_verified`` of an error says whether the signature had been found good before the refusal.

    :param saml_response: the base64 that was posted.
    :raises ResponseRefused, XmlRefused: it is not a response that can carry a sign-in.
    :raises SignatureRefused: it is not proved to be from this identity provider.
    :raises AssertionRejected: it is from this identity provider, but not good for this sign-in.
    """
    opened = open_expected(saml_response, expect)
    try:
        require_destination(opened, expect)
        require_response_issuer(opened, expect)
        verified = _read_assertion(opened.assertion, expect)
        require_same_request(opened, verified.in_response_to)
        _require_agreement(opened, verified, expect)
    except JitprovError as error:
        error.origin_verified = True
        raise
    return verified


def open_expected(saml_response: str, expect: Expectation) -> Opened:
    """Return the opened response if its signature is good; see :func:`jitprov.saml.envelope.open_response`."""
    return open_response(
        saml_response,
        certificates=expect.idp.signing_certificates,
        key_pairs=expect.sp.key_pairs,
        now=expect.now,
    )


def require_destination(opened: Opened, expect: Expectation) -> None:
    """Require our URL as the Destination; it may be absent only if the Response is not signed."""
    destination = opened.response.get("Destination")
    if (destination is not None or opened.response_signed) and destination != expect.sp.acs_url:
        # saml-bindings-2.0 §3.5.5.2
        received = () if destination is None else (destination,)
        raise DestinationMismatch(expected=expect.sp.acs_url, received=received)


def require_response_issuer(opened: Opened, expect: Expectation) -> None:
    """Require the identity provider as the Response's Issuer; it may be absent only if the Response is not signed."""
    if opened.response_signed or children(opened.response, "Issuer"):
        require_issuer(opened.response, expect.idp.entity_id)


def _read_assertion(assertion: etree._Element, expect: Expectation) -> VerifiedAssertion:
    require_issuer(assertion, expect.idp.entity_id)
    require_version(assertion)
    require_issue_instant(assertion, expect)
    subject = only(assertion, "Subject")
    confirmation = require_confirmation(subject, expect)
    conditions = only(assertion, "Conditions")
    require_understood(conditions)
    require_window(conditions, expect)
    require_audience(conditions, expect.sp.entity_id)
    statement = only(assertion, "AuthnStatement")
    attributes = require_attributes(assertion, expect)
    return VerifiedAssertion(
        assertion_id=assertion.get("ID", ""),
        issuer=expect.idp.entity_id,
        name_id=require_name_id(subject, expect),
        attributes=attributes.values,
        unreadable=attributes.unreadable,
        in_response_to=confirmation.get("InResponseTo"),
        not_on_or_after=latest_end(subject, confirmation),
        authn_instant=require_authentication(statement, confirmation.get("InResponseTo"), expect),
        authn_context=require_context(statement, attributes, expect.required_contexts),
        session_index=statement.get("SessionIndex", ""),
        session_not_on_or_after=require_session(statement, expect),
    )


def require_issuer(element: etree._Element, expected: str) -> None:
    """Require exactly one Issuer: the identity provider."""
    issuers = children(element, "Issuer")
    received = [plain_text(issuer) for issuer in issuers]
    if received != [expected]:
        raise IssuerMismatch(expected=expected, received=received)
    name_format = issuers[0].get("Format", ENTITY_FORMAT)
    if name_format != ENTITY_FORMAT:
        raise IssuerMismatch(expected=ENTITY_FORMAT, received=(name_format,))


def require_version(assertion: etree._Element) -> None:
    """Require SAML 2.0."""
    version = assertion.get("Version")
    if version != "2.0":
        received = () if version is None else (version,)
        raise AssertionMalformed("Version").stating(expected="Version 2.0", received=received)


def require_issue_instant(assertion: etree._Element, expect: Expectation) -> None:
    """Require that the assertion was issued in the past."""
    _require_begun(assertion, "IssueInstant", expect, fault="IssueInstant")


def require_confirmation(subject: etree._Element, expect: Expectation) -> etree._Element:
    """Return the SubjectConfirmationData that makes the bearer the subject (saml-profiles-2.0 §4.1.4.2).

    One good confirmation is enough. If none is good, the fault of the first is reported.
    """
    faults: list[AssertionRejected] = []
    for confirmation in bearer_confirmations(subject):
        try:
            data = only(confirmation, "SubjectConfirmationData")
            require_recipient(data, expect.sp.acs_url)
            require_confirmation_time(data, expect)
            require_request(data.get("InResponseTo"), expect)
        except AssertionRejected as fault:
            faults.append(fault)
        else:
            return data
    raise faults[0]


def bearer_confirmations(subject: etree._Element) -> list[etree._Element]:
    """Return every bearer confirmation, the kind that a browser can deliver; require at least one."""
    confirmations = children(subject, "SubjectConfirmation")
    found = [confirmation for confirmation in confirmations if confirmation.get("Method") == BEARER]
    if not found:
        methods = [confirmation.get("Method", "") for confirmation in confirmations]
        raise ConfirmationMissing().stating(expected=BEARER, received=methods)
    return found


def require_recipient(data: etree._Element, acs_url: str) -> None:
    """Require our URL as the Recipient of a confirmation."""
    # saml-core-2.0 §2.4.1.2: exactly the URL that it was delivered to. Were our URL only looked for inside it,
    # acme's assertions would pass at the ACS of acme-eu.
    recipient = data.get("Recipient")
    if recipient != acs_url:
        received = () if recipient is None else (recipient,)
        raise RecipientMismatch(expected=acs_url, received=received)


def require_confirmation_time(data: etree._Element, expect: Expectation) -> None:
    """Require that a confirmation has begun and not ended.

    The profile wants no NotBefore there (saml-profiles-2.0 §4.1.4.2), but products send one. It is a bound like any
    other: to honour it admits nobody who would not be admitted without it.
    """
    if "NotBefore" in data.attrib:
        _require_begun(data, "NotBefore", expect, fault="SubjectConfirmationData")
    _require_not_over(data, expect, fault="SubjectConfirmationData")


def require_request(in_response_to: str | None, expect: Expectation) -> None:
    """Require an answer to a request of this browser.

    Only the signed SubjectConfirmationData counts: Entra's signature does not cover the Response's own InResponseTo,
    so somebody who steals an assertion could delete it.
    """
    if in_response_to is None:
        if not expect.allow_unsolicited:
            raise Unsolicited().stating(expected="InResponseTo")
    elif in_response_to not in expect.pending:
        raise RequestUnknown().stating(expected="InResponseTo", received=(in_response_to,))


def require_same_request(opened: Opened, in_response_to: str | None) -> None:
    """Require that the Response answers the request that its assertion answers, if both name one."""
    claimed = opened.response.get("InResponseTo")
    if None not in (claimed, in_response_to) and claimed != in_response_to:
        raise RequestUnknown().stating(expected="InResponseTo", received=(str(claimed),))


def require_name_id(subject: etree._Element, expect: Expectation) -> NameID | None:
    """Return the NameID, if there is one; require that it is the identity provider's own, for us."""
    name_id = name_id_of(subject)
    require_qualifiers(name_id, expect.idp.entity_id, expect.sp.entity_id)
    return name_id


def require_attributes(assertion: etree._Element, expect: Expectation) -> Attributes:
    """Return the attributes as this identity provider states them to us."""
    return attributes_of(assertion, (expect.idp.entity_id, expect.sp.entity_id))


def require_understood(conditions: etree._Element) -> None:
    """Require that every condition is known; otherwise the assertion is indeterminate (saml-core-2.0 §2.5.1.1)."""
    unknown = [str(item.tag) for item in conditions if item.tag not in _UNDERSTOOD_CONDITIONS]
    if unknown:
        known = ", ".join(sorted(tag.rpartition("}")[2] for tag in _UNDERSTOOD_CONDITIONS))
        raise UnknownCondition().stating(expected=known, received=unknown)


def require_window(conditions: etree._Element, expect: Expectation) -> None:
    """Require that the conditions have begun and not ended, as far as they state it."""
    if "NotBefore" in conditions.attrib:
        _require_begun(conditions, "NotBefore", expect, fault="Conditions")
    if "NotOnOrAfter" in conditions.attrib:
        _require_not_over(conditions, expect, fault="Conditions")


def require_audience(conditions: etree._Element, sp_entity_id: str) -> None:
    """Require our entity ID among the audiences of every restriction, and at least one (saml-core-2.0 §2.5.1.4)."""
    restrictions = list(audiences_of(conditions))
    if not restrictions or any(sp_entity_id not in choice for choice in restrictions):
        received = [audience for choice in restrictions for audience in choice]
        raise AudienceMismatch(expected=sp_entity_id, received=received)


def require_authentication(
    statement: etree._Element, in_response_to: str | None, expect: Expectation
) -> datetime:
    """Return when the person authenticated; require the past, and a recent time if that was asked for."""
    authenticated = _require_begun(statement, "AuthnInstant", expect, fault="AuthnInstant")
    since = expect.pending.get(in_response_to or "")
    if since is not None and authenticated < since - expect.skew:
        raise AuthenticationTooOld().stating(
            expected=with_skew(since, expect.skew), received=(format_instant(authenticated),)
        )
    return authenticated


def require_session(statement: etree._Element, expect: Expectation) -> datetime | None:
    """Return when the session ends, if it ends; require the future."""
    if statement.get("SessionNotOnOrAfter") is None:
        return None
    end = instant_of(statement, "SessionNotOnOrAfter")
    if end <= expect.earliest:
        raise SessionOver().stating(expected=expect.clock, received=(format_instant(end),))
    return end


def _require_agreement(opened: Opened, ours: VerifiedAssertion, expect: Expectation) -> None:
    """Require that the other readers read the same, and that the second verifier accepts the same bytes."""
    _require_same_reading(opened, ours, expect)
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
            latest=expect.latest,
        )
    except toolkit.ToolkitRefused as error:
        if fault := toolkit.schema_fault(opened.decrypted or opened.document):
            raise NotBySchema(fault) from error
        raise VerifiersDisagree(str(error)).stating(received=(str(error),)) from error
    name_id = ours.name_id.value if ours.name_id else None
    mine = (ours.assertion_id, ours.issuer, name_id, toolkit.as_read_there(ours))
    if mine != (
        theirs.assertion_id,
        theirs.issuer,
        theirs.name_id,
        theirs.without(ours.unreadable),
    ):
        raise VerifiersDisagree("they read different values")


def _require_same_reading(opened: Opened, ours: VerifiedAssertion, expect: Expectation) -> None:
    """Require that another parser reads the same person in the bytes that were verified."""
    try:
        theirs = reread(
            opened.assertion_document,
            idp_entity_id=expect.idp.entity_id,
            sp_entity_id=expect.sp.entity_id,
        )
    except NotReread as error:
        raise VerifiersDisagree("another parser does not read it") from error
    name_ids = () if ours.name_id is None else (ours.name_id,)
    mine = (ours.assertion_id, (ours.issuer,), name_ids, dict(ours.attributes), ours.unreadable)
    if mine != (
        theirs.assertion_id,
        theirs.issuers,
        theirs.name_ids,
        theirs.attributes,
        theirs.unreadable,
    ):
        raise VerifiersDisagree("another parser reads different values")


def _require_begun(
    element: etree._Element, attribute: str, expect: Expectation, *, fault: str
) -> datetime:
    begin = instant_of(element, attribute)
    if begin > expect.latest:
        raise NotYetValid(fault).stating(expected=expect.clock, received=(format_instant(begin),))
    return begin


def _require_not_over(element: etree._Element, expect: Expectation, *, fault: str) -> None:
    end = instant_of(element, "NotOnOrAfter")
    if end <= expect.earliest:
        raise Expired(fault).stating(expected=expect.clock, received=(format_instant(end),))
