"""Unpack a logout message as a browser brings it, within bounds, and verify the signature that came beside it.

With HTTP-Redirect the signature covers the characters of the query as they were sent (saml-bindings-2.0 §3.4.4.1).
Some products percent-encode in lower case, so nothing here is ever encoded again: what is verified is cut out of the
query that arrived.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote, unquote_plus

from lxml import etree

from jitprov.saml.bindings import REQUEST, RESPONSE
from jitprov.saml.certificates import public_key
from jitprov.saml.logout_refusals import LogoutMalformed, LogoutMessageMissing
from jitprov.saml.signature import (
    AlgorithmNotAllowed,
    CertificateExpired,
    SignatureInvalid,
    SignatureMalformed,
    SignatureMethod,
    fingerprints,
    is_signed,
    is_valid_at,
    verify_signed,
)
from jitprov.saml.types import Certificate
from jitprov.saml.xml import DS, Limits, TooLarge, parse

LOGOUT_LIMITS = Limits(bytes=64 * 1024, depth=16, nodes=2_000)
"""The bounds of a logout message, which names one person: ten times what products send."""
MAX_ENCODED = LOGOUT_LIMITS.bytes * 3
"""Characters of a query or a field: each character of base64 may be percent-encoded."""
MAX_RELAY_STATE = 1024
"""Characters of a RelayState that is sent back; the specification allows 80 bytes, and products send more."""
DEFLATE = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
_PARAMETERS = {REQUEST, RESPONSE, "RelayState", "SigAlg", "Signature", "SAMLEncoding"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A signature that came beside the message, in the query."""

    method: SignatureMethod
    value: bytes
    signed: bytes
    """The part of the query that it covers, character by character as it was sent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A message that was unpacked. Nothing of it is proved."""

    document: bytes
    root: etree._Element
    is_request: bool
    """Whether it came as SAMLRequest, and not as SAMLResponse."""
    relay_state: str
    beside: Beside | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Proved:
    """The message as far as its signature covers it."""

    element: etree._Element
    signer: Certificate | None
    """``None`` if nothing is signed: then anybody may have written it."""


# Unpacking


def from_query(query: str) -> Received:
    """Return the message in a query of HTTP-Redirect.

    :param query: as it arrived, without the question mark; decoded and encoded again, no signature would be good.
    :raises LogoutRefused, SignatureRefused, XmlRefused: it is not one message of the right shape.
    """
    if len(query) > MAX_ENCODED:
        raise TooLarge(limit=LOGOUT_LIMITS.bytes)
    sent = _parameters(query)
    parameter = _carrier(sent)
    if unquote(sent.get("SAMLEncoding", DEFLATE)) != DEFLATE:
        raise LogoutMalformed("SAMLEncoding").stating(expected=DEFLATE)
    document = _inflated(_base64(unquote(sent[parameter])))
    root = _parsed(document)
    if is_signed(root):
        # saml-bindings-2.0 §3.4.4.1: it is removed before a message goes into a URL. It would not be looked at here.
        raise SignatureMalformed("a signature inside a message that came in a URL")
    return Received(
        document=document,
        root=root,
        is_request=parameter == REQUEST,
        relay_state=_bounded(unquote_plus(sent.get("RelayState", ""))),
        beside=_beside(sent, parameter),
    )


def from_form(fields: Mapping[str, Sequence[str]]) -> Received:
    """Return the message in the fields of a form, HTTP-POST.

    :raises LogoutRefused, XmlRefused, SignatureMalformed: it is not one message of the right shape.
    """
    for name in _PARAMETERS & set(fields):
        if len(fields[name]) != 1:
            raise LogoutMalformed(f"{len(fields[name])} fields {name}")
    sent = {name: fields[name][0] for name in _PARAMETERS & set(fields)}
    parameter = _carrier(sent)
    if len(sent[parameter]) > MAX_ENCODED:
        raise TooLarge(limit=LOGOUT_LIMITS.bytes)
    document = _base64(sent[parameter])
    return Received(
        document=document,
        root=_parsed(document),
        is_request=parameter == REQUEST,
        relay_state=_bounded(sent.get("RelayState", "")),
    )


def _parameters(query: str) -> dict[str, str]:
    """Return the parameters of the binding, still encoded, each of which may be there once."""
    found: dict[str, str] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        if name in found:
            raise LogoutMalformed(f"{name} twice").stating(expected=f"1 {name}")
        if name in _PARAMETERS:
            found[name] = value
    return found


def _carrier(sent: Mapping[str, str]) -> str:
    """Return the name of the parameter that carries the message."""
    names = [name for name in (REQUEST, RESPONSE) if sent.get(name)]
    if not names:
        raise LogoutMessageMissing
    if len(names) > 1:
        raise LogoutMalformed("a request and a response at once")
    return names[0]


def _bounded(relay_state: str) -> str:
    if len(relay_state) > MAX_RELAY_STATE:
        raise LogoutMalformed("RelayState is too long")
    return relay_state


def _base64(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise LogoutMalformed("not base64") from error


def _inflated(packed: bytes) -> bytes:
    """Return what was packed by DEFLATE, of which no more is unpacked than a message may have."""
    inflate = zlib.decompressobj(wbits=-zlib.MAX_WBITS)
    try:
        document = inflate.decompress(packed, LOGOUT_LIMITS.bytes + 1)
    except zlib.error as error:
        raise LogoutMalformed("not DEFLATE") from error
    if len(document) > LOGOUT_LIMITS.bytes:
        raise TooLarge(limit=LOGOUT_LIMITS.bytes)
    if not inflate.eof or inflate.unused_data:
        raise LogoutMalformed("DEFLATE that does not end where the message ends")
    return document


def _parsed(document: bytes) -> etree._Element:
    root = parse(document, LOGOUT_LIMITS)
    for signature in root.iter(f"{{{DS}}}Signature"):
        if signature.getparent() is not root:
            raise SignatureMalformed("a signature that is not the message's")
    return root


# Signatures


def _beside(sent: Mapping[str, str], parameter: str) -> Beside | None:
    if "SigAlg" not in sent and "Signature" not in sent:
        return None
    if not (sent.get("SigAlg") and sent.get("Signature")):
        raise SignatureMalformed("SigAlg without Signature, or Signature without SigAlg")
    covered = [name for name in (parameter, "RelayState", "SigAlg") if name in sent]
    return Beside(
        method=_method(unquote(sent["SigAlg"])),
        value=_base64(unquote(sent["Signature"])),
        signed="&".join(f"{name}={sent[name]}" for name in covered).encode(),
    )


def _method(algorithm: str) -> SignatureMethod:
    try:
        return SignatureMethod(algorithm)
    except ValueError as error:
        allowed = [known.value for known in SignatureMethod]
        raise AlgorithmNotAllowed(algorithm, allowed) from error


def prove(received: Received, certificates: Sequence[Certificate], *, now: datetime) -> Proved:
    """Return the message as it was signed, or as it came if nothing is signed.

    :raises SignatureRefused: there is a signature, and it is not one of the owner of the certificates.
    """
    if received.beside is not None:
        signer = _signer(received.beside, certificates, now)
        return Proved(element=received.root, signer=signer)
    if is_signed(received.root):
        signed = verify_signed(received.root, certificates, now=now)
        return Proved(element=signed.element, signer=signed.certificate)
    return Proved(element=received.root, signer=None)


def _signer(beside: Beside, certificates: Sequence[Certificate], now: datetime) -> Certificate:
    signers = [certificate for certificate in certificates if _signed_by(beside, certificate)]
    if not signers:
        raise SignatureInvalid("no certificate of this identity provider verifies it").stating(
            expected=fingerprints(certificates)
        )
    valid = [certificate for certificate in signers if is_valid_at(certificate, now)]
    if not valid:
        raise CertificateExpired(signers[0], now)
    return valid[0]


def _signed_by(beside: Beside, certificate: Certificate) -> bool:
    key = public_key(certificate.pem)
    return beside.method.fits(key) and beside.method.verifies(key, beside.value, beside.signed)
