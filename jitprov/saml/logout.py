"""Verify the logout messages of an identity provider, and write ours (saml-profiles-2.0 §4.4).

A request that is not signed is read as well, because some directories send such; whoever acts on it must know that
anybody may have written it, and may end no more than the session of the browser that brings it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.assertion import (
    instant_of,
    name_id_of,
    plain_text,
    require_qualifiers,
)
from jitprov.saml.assertion_refusals import (
    AssertionMalformed,
    DestinationMismatch,
    Expired,
    IssuerMismatch,
    NotYetValid,
)
from jitprov.saml.bindings import REQUEST, RESPONSE, new_message_id, pack
from jitprov.saml.envelope import SUCCESS, StatusNotSuccess
from jitprov.saml.logout_refusals import LogoutMalformed, LogoutTooOld, LogoutUnknown
from jitprov.saml.logout_toolkit import require_agreement
from jitprov.saml.received import Proved, Received, prove
from jitprov.saml.signature import SignatureMissing
from jitprov.saml.time import format_instant, with_skew
from jitprov.saml.types import (
    MAX_CLOCK_SKEW,
    IdpMetadata,
    KeyPair,
    LogoutMessage,
    NameID,
    ServiceProvider,
)
from jitprov.saml.xml import SAML, SAMLP

LONGEST_AGE = timedelta(minutes=5)
"""How long ago a logout message may have been issued; it travels through one browser, which nobody has to wait for."""
MAX_SESSION_INDEXES = 100
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"
REQUEST_DENIED = "urn:oasis:names:tc:SAML:2.0:status:RequestDenied"
_ENTRA_ISSUER = re.compile(
    r"https://(?:sts\.windows\.net|login\.microsoftonline\.com)/([0-9a-f-]{36})/", re.ASCII
)
_SESSION_INDEX = f"{{{SAMLP}}}SessionIndex"


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutExpectation:
    """The parties and the time that a logout message is verified against."""

    sp: ServiceProvider
    idp: IdpMetadata
    now: datetime
    clock_skew: timedelta = timedelta(seconds=120)

    @property
    def skew(self) -> timedelta:
        """Return how far a trusted clock may be from ours."""
        return min(self.clock_skew, MAX_CLOCK_SKEW)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutRequest:
    """A request to end sessions of a person. Only :func:`verify_logout_request` makes one."""

    id: str
    name_id: NameID
    session_indexes: tuple[str, ...]
    """The sessions to end; all of the person's if there are none."""
    is_proved: bool
    """Whether the identity provider signed it. Otherwise anybody may have written it."""
    relay_state: str
    usable_until: datetime
    """It is refused after that, whatever it says; until then it must be remembered that it was used."""


def issuers_of(entity_id: str) -> tuple[str, ...]:
    """Return the names under which an identity provider sends logout messages.

    Entra's have another host than its assertions.

    >>> issuers_of("https://sts.windows.net/9f2b1c7e-0d4a-4e7b-8a55-3c1d5e6f7a8b/")[1]
    'https://login.microsoftonline.com/9f2b1c7e-0d4a-4e7b-8a55-3c1d5e6f7a8b/'
    """
    entra = _ENTRA_ISSUER.fullmatch(entity_id)
    if entra is None:
        return (entity_id,)
    hosts = ("sts.windows.net", "login.microsoftonline.com")
    return tuple(f"https://{host}/{entra[1]}/" for host in hosts)


# Theirs


def verify_logout_request(received: Received, expect: LogoutExpectation) -> LogoutRequest:
    """Return a request to log somebody out that passes every check of both verifiers.

    The ``origin_verified`` of an error says whether a signature had been found good before the refusal.

    :raises SignatureRefused: it is signed, but not by this identity provider.
    :raises JitprovError: it is not a request of this identity provider to us, at this time.
    """
    proved = prove(received, expect.idp.signing_certificates, now=expect.now)
    try:
        return _read_request(received, proved, expect)
    except JitprovError as error:
        error.origin_verified = proved.signer is not None
        raise _of_a_logout(error) from error


def _read_request(received: Received, proved: Proved, expect: LogoutExpectation) -> LogoutRequest:
    root = proved.element
    issued = _require_envelope(proved, "LogoutRequest", expect)
    _require_not_over(root, expect)
    name_id = _name_id(root, expect)
    indexes = tuple(plain_text(index) for index in root.iterchildren(_SESSION_INDEX))
    if len(indexes) > MAX_SESSION_INDEXES:
        raise LogoutMalformed("SessionIndex").stating(
            expected=f"{MAX_SESSION_INDEXES} SessionIndex", received=(str(len(indexes)),)
        )
    issuer = root.findtext(f"{{{SAML}}}Issuer")
    person = (name_id.value, name_id.format)
    require_agreement(received, proved.signer, (root.get("ID"), issuer, person, indexes))
    return LogoutRequest(
        id=root.get("ID", ""),
        name_id=name_id,
        session_indexes=indexes,
        is_proved=proved.signer is not None,
        relay_state=received.relay_state,
        usable_until=issued + LONGEST_AGE,
    )


def verify_logout_response(received: Received, expect: LogoutExpectation, request_id: str) -> None:
    """Require that the identity provider says that it has ended all sessions of the person, as we asked.

    :param request_id: of our request, which this browser has pending.
    :raises StatusNotSuccess: it has not, or not all.
    :raises JitprovError: it is not proved to be its answer to that request.
    """
    proved = prove(received, expect.idp.signing_certificates, now=expect.now)
    if proved.signer is None:
        raise SignatureMissing
    try:
        _read_response(received, proved, expect, request_id)
    except JitprovError as error:
        error.origin_verified = True
        raise _of_a_logout(error) from error


def _read_response(
    received: Received, proved: Proved, expect: LogoutExpectation, request_id: str
) -> None:
    root = proved.element
    _require_envelope(proved, "LogoutResponse", expect)
    answered = root.get("InResponseTo")
    if answered != request_id:
        raise LogoutUnknown().stating(
            expected=request_id, received=() if answered is None else (answered,)
        )
    codes = [code.get("Value", "") for code in root.iter(f"{{{SAMLP}}}StatusCode")]
    issuer = root.findtext(f"{{{SAML}}}Issuer")
    require_agreement(
        received, proved.signer, (root.get("ID"), issuer, codes[0] if codes else None)
    )
    # PartialLogout stands below Success (saml-core-2.0 §3.7.3.2).
    if codes != [SUCCESS]:
        raise StatusNotSuccess(codes)


def _of_a_logout(error: JitprovError) -> JitprovError:
    """Return an error of what logout messages share with assertions under the name that it has here."""
    if not isinstance(error, AssertionMalformed):
        return error
    ours = LogoutMalformed(str(error)).stating(expected=error.expected, received=error.received)
    ours.origin_verified = error.origin_verified
    return ours


def _require_envelope(proved: Proved, name: str, expect: LogoutExpectation) -> datetime:
    """Require what every logout message says of itself; return when it was issued."""
    root = proved.element
    if root.tag != f"{{{SAMLP}}}{name}" or root.get("Version") != "2.0" or not root.get("ID"):
        raise LogoutMalformed(f"no {name} of SAML 2.0 with an ID").stating(
            expected=f"{name}, Version 2.0, ID", received=(str(root.tag), root.get("Version", ""))
        )
    _require_destination(proved, expect.sp.slo_url)
    _require_issuer(root, issuers_of(expect.idp.entity_id))
    return _require_recent(root, expect)


def _require_destination(proved: Proved, slo_url: str) -> None:
    """Require our URL; it may be absent only where nothing is signed (saml-bindings-2.0 §3.4.5.2 and §3.5.5.2)."""
    destination = proved.element.get("Destination")
    if (destination is not None or proved.signer is not None) and destination != slo_url:
        received = () if destination is None else (destination,)
        raise DestinationMismatch(expected=slo_url, received=received)


def _require_issuer(root: etree._Element, known: Sequence[str]) -> None:
    issuers = [plain_text(issuer) for issuer in root.iterchildren(f"{{{SAML}}}Issuer")]
    if len(issuers) != 1 or issuers[0] not in known:
        raise IssuerMismatch(expected=known[0], received=issuers)


def _require_recent(root: etree._Element, expect: LogoutExpectation) -> datetime:
    issued = instant_of(root, "IssueInstant")
    clock, received = with_skew(expect.now, expect.skew), (format_instant(issued),)
    if issued > expect.now + expect.skew:
        raise NotYetValid("IssueInstant").stating(expected=clock, received=received)
    if issued < expect.now - expect.skew - LONGEST_AGE:
        raise LogoutTooOld("IssueInstant").stating(expected=clock, received=received)
    return issued


def _require_not_over(root: etree._Element, expect: LogoutExpectation) -> None:
    if root.get("NotOnOrAfter") is None:
        return
    end = instant_of(root, "NotOnOrAfter")
    if end <= expect.now - expect.skew:
        raise Expired("LogoutRequest").stating(
            expected=with_skew(expect.now, expect.skew), received=(format_instant(end),)
        )


def _name_id(root: etree._Element, expect: LogoutExpectation) -> NameID:
    name_id = name_id_of(root)
    if name_id is None:
        raise LogoutMalformed("no NameID").stating(expected="1 NameID")
    require_qualifiers(name_id, expect.idp.entity_id, expect.sp.entity_id)
    return name_id


# Ours


def logout_request(
    sp: ServiceProvider, idp: IdpMetadata, name_id: NameID, session_index: str, *, now: datetime
) -> LogoutMessage:
    """Return the request to end a session at the identity provider; signed if we have a key.

    :param name_id: exactly as it came, because the identity provider compares it so (saml-core-2.0 §3.3.4).
    :raises ConfigurationError: our key cannot be used.
    """
    message = _message("LogoutRequest", sp, idp, now)
    named = etree.SubElement(message, f"{{{SAML}}}NameID")
    named.text = name_id.value
    qualifiers = {
        "NameQualifier": name_id.name_qualifier,
        "SPNameQualifier": name_id.sp_name_qualifier,
        "Format": name_id.format,
    }
    for attribute, value in qualifiers.items():
        if value:
            named.set(attribute, value)
    if session_index:
        etree.SubElement(message, _SESSION_INDEX).text = session_index
    return _packed(message, idp, REQUEST, "", _key_of(sp))


def logout_response(
    sp: ServiceProvider,
    idp: IdpMetadata,
    request: LogoutRequest,
    *,
    ended: bool,
    now: datetime,
) -> LogoutMessage:
    """Return the answer to a request of the identity provider; signed if we have a key.

    :param ended: whether there is no session any more that the request named.
    :raises ConfigurationError: our key cannot be used.
    """
    message = _message("LogoutResponse", sp, idp, now)
    message.set("InResponseTo", request.id)
    status = etree.SubElement(message, f"{{{SAMLP}}}Status")
    code = etree.SubElement(
        status, f"{{{SAMLP}}}StatusCode", {"Value": SUCCESS if ended else RESPONDER}
    )
    if not ended:
        etree.SubElement(code, f"{{{SAMLP}}}StatusCode", {"Value": REQUEST_DENIED})
    return _packed(message, idp, RESPONSE, request.relay_state, _key_of(sp))


def _key_of(sp: ServiceProvider) -> KeyPair | None:
    return sp.key_pairs[0] if sp.key_pairs else None


def _message(name: str, sp: ServiceProvider, idp: IdpMetadata, now: datetime) -> etree._Element:
    message = etree.Element(
        f"{{{SAMLP}}}{name}",
        {
            "ID": new_message_id(),
            "Version": "2.0",
            "IssueInstant": format_instant(now),
            "Destination": idp.slo_url,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    etree.SubElement(message, f"{{{SAML}}}Issuer").text = sp.entity_id
    return message


def _packed(
    message: etree._Element,
    idp: IdpMetadata,
    parameter: str,
    relay_state: str,
    key_pair: KeyPair | None,
) -> LogoutMessage:
    packed = pack(
        message,
        url=idp.slo_url,
        binding=idp.slo_binding,
        parameter=parameter,
        relay_state=relay_state,
        key_pair=key_pair,
    )
    return LogoutMessage(
        id=message.get("ID", ""), binding=packed.binding, url=packed.url, fields=packed.fields
    )
