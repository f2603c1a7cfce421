"""Open a posted response: decode, bound, check its shape, decrypt, and verify its signatures.

Nothing that the assertion says is believed here. The assertion that :func:`open_response` returns was read from the
canonical bytes that a certificate of the identity provider verifies, and from nothing else.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from lxml import etree

from jitprov.exceptions import MAX_RECEIVED, JitprovError
from jitprov.saml.encryption import decrypt, encrypted_assertions, is_authenticated, splice
from jitprov.saml.signature import (
    AlgorithmNotAllowed,
    CertificateExpired,
    SignatureInvalid,
    SignatureMalformed,
    SignatureMissing,
    Signed,
    fingerprints,
    is_signed,
    verify_signed,
)
from jitprov.saml.types import Certificate, KeyPair
from jitprov.saml.xml import DS, MESSAGE_LIMITS, SAML, SAMLP, TooLarge, parse, text_of

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
_RESPONSE = f"{{{SAMLP}}}Response"
_ASSERTION = f"{{{SAML}}}Assertion"
_SIGNATURE = f"{{{DS}}}Signature"
_STATUS_CODE = f"{{{SAMLP}}}StatusCode"
_STATUS_MESSAGE = f"{{{SAMLP}}}StatusMessage"
_ENTRA_ERROR = re.compile(r"\bAADSTS\d{2,7}\b", re.ASCII)
"""The only part of a status text that is kept, because the rest names people."""
MAX_ENCODED = MESSAGE_LIMITS.bytes * 3 // 2
"""Characters of a SAMLResponse: four characters encode three bytes, and line breaks are allowed."""
_IDS = [etree.XPath(f"//@{name}", smart_strings=False) for name in ("ID", "Id", "id", "xml:id")]


class ResponseRefused(JitprovError):
    """The message is not a response that can carry a sign-in."""

    code = "response_refused"


class ResponseMissing(ResponseRefused):
    """No SAMLResponse was posted."""

    code = "response_missing"


class ResponseNotBase64(ResponseRefused):
    """The SAMLResponse is not base64."""

    code = "response_not_base64"


class NotAResponse(ResponseRefused):
    """The message is not a SAML 2.0 Response."""

    code = "not_a_response"


class StatusNotSuccess(ResponseRefused):
    """The identity provider says that the sign-in failed."""

    code = "status_not_success"

    def __init__(self, statuses: Sequence[str], errors: Sequence[str] = ()) -> None:
        # Anybody may have written them, and they go to a log: few, short, and in one line.
        shown = (repr(status.rpartition(":")[2][:60])[1:-1] for status in statuses[:3])
        super().__init__(" / ".join(shown))
        self.statuses = tuple(statuses)
        named = [status for status in statuses if status][: MAX_RECEIVED - len(errors)]
        self.stating(expected=SUCCESS, received=[*named, *errors])


class AssertionMissing(ResponseRefused):
    """The response says Success and brings no assertion."""

    code = "assertion_missing"


class AssertionMisplaced(ResponseRefused):
    """There are several assertions, or the one is not directly inside the Response: signature wrapping."""

    code = "assertion_misplaced"


class DuplicateId(ResponseRefused):
    """Two elements have the same ID, so that a signature could mean either."""

    code = "duplicate_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A response whose assertion is proved to be from the identity provider; no rule has judged it yet."""

    response: etree._Element
    """The signed Response if it is signed; otherwise only an envelope, which anybody may have altered."""
    response_signed: bool
    assertion: etree._Element
    """The assertion as it was signed."""
    assertion_document: bytes
    """The bytes that the assertion was read from: it is their root, or the only Assertion inside it."""
    document: bytes
    """The posted document, decoded."""
    decrypted: bytes | None
    """The same document with the assertion in plaintext, if it came encrypted."""
    signers: tuple[Certificate, ...]
    """The certificates that verify the Response, the assertion, or both."""


def open_response(
    saml_response: str,
    *,
    certificates: Sequence[Certificate],
    key_pairs: Sequence[KeyPair],
    now: datetime,
) -> Opened:
    """Return a posted SAMLResponse, decoded, checked for its shape, decrypted and with its signatures verified.

    :param saml_response: base64, as posted.
    :raises ResponseRefused, XmlRefused: it is not a response with exactly one assertion in its place.
    :raises SignatureRefused: it is not proved to be from the owner of the certificates.
    """
    document = decode(saml_response)
    root = read_response(document)
    around = verify_signed(root, certificates, now=now) if is_signed(root) else None
    response, readable = (around.element, around.document) if around else (root, document)
    signers = _Signers(certificates=certificates, now=now, around=around)
    if encrypted_assertions(root):
        response, assertion, decrypted = _open_encrypted(root, response, key_pairs, signers)
    else:
        assertion, decrypted = signers.signed_assertion(response, readable), None
    proofs = (around, assertion) if around else (assertion,)
    return Opened(
        response=response,
        response_signed=around is not None,
        assertion=assertion.element,
        assertion_document=assertion.document,
        document=document,
        decrypted=decrypted,
        signers=tuple(dict.fromkeys(proof.certificate for proof in proofs)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signers:
    """The certificates that may have signed the assertion, and the signed Response around it."""

    certificates: Sequence[Certificate]
    now: datetime
    around: Signed | None
    """The Response, if it is signed."""

    @property
    def unproved(self) -> SignatureInvalid:
        """Return the refusal of an encrypted message: it states what we trust, and nothing of what came."""
        return SignatureInvalid("not proved").stating(expected=fingerprints(self.certificates))

    def signed_assertion(self, response: etree._Element, document: bytes) -> Signed:
        """Return the assertion as it was signed: by its own signature, or by that of the Response around it.

        :param document: the bytes that the response was read from.
        """
        assertion = response.find(_ASSERTION)
        if assertion is None:
            raise AssertionMissing
        if is_signed(assertion):
            return verify_signed(assertion, self.certificates, now=self.now)
        if self.around is None:
            raise SignatureMissing
        return Signed(element=assertion, certificate=self.around.certificate, document=document)


def _open_encrypted(
    root: etree._Element,
    response: etree._Element,
    key_pairs: Sequence[KeyPair],
    signers: _Signers,
) -> tuple[etree._Element, Signed, bytes]:
    """Return the response and the assertion in plaintext, and the document that was posted likewise."""
    [encrypted] = encrypted_assertions(response)
    try:
        plaintext = decrypt(encrypted, key_pairs)
    except SignatureInvalid as error:
        raise signers.unproved from error
    try:
        reassembled = splice(response, encrypted, plaintext)
        reopened = parse(reassembled, MESSAGE_LIMITS)
        _require_one_assertion(reopened)
        assertion = signers.signed_assertion(reopened, reassembled)
    except CertificateExpired:
        raise
    except AlgorithmNotAllowed as error:
        # Told only where whoever wrote the plaintext also had its key: nobody can alter such a ciphertext and watch
        # what becomes of it, as with CBC. So an encrypted assertion that is signed with SHA-1 can be said to be.
        if is_authenticated(encrypted):
            raise
        raise signers.unproved from error
    except JitprovError as error:
        # Nothing of the plaintext is told before a signature proves who wrote it.
        raise signers.unproved from error
    return reopened, assertion, splice(root, encrypted_assertions(root)[0], plaintext)


def read_response(document: bytes) -> etree._Element:
    """Return a Response that says success and has one assertion in its place; its origin is not proved."""
    root = parse(document, MESSAGE_LIMITS)
    _require_response(root)
    _require_one_assertion(root)
    return root


def decode(saml_response: str) -> bytes:
    """Return the decoded bytes of a posted SAMLResponse, within bounds."""
    if not saml_response:
        raise ResponseMissing
    # Bounded before any of it is decoded.
    if len(saml_response) > MAX_ENCODED:
        raise TooLarge(limit=MESSAGE_LIMITS.bytes)
    try:
        return base64.b64decode("".join(saml_response.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ResponseNotBase64 from error


def _require_response(root: etree._Element) -> None:
    if root.tag != _RESPONSE or root.get("Version") != "2.0" or not root.get("ID"):
        raise NotAResponse
    _require_success(root)


def _require_success(root: etree._Element) -> None:
    statuses = root.findall(f"{{{SAMLP}}}Status")
    codes = [code.get("Value", "") for status in statuses for code in status.iter(_STATUS_CODE)]
    if len(statuses) != 1 or codes[:1] != [SUCCESS]:
        raise StatusNotSuccess(codes, _entra_errors(statuses))


def _entra_errors(statuses: Sequence[etree._Element]) -> list[str]:
    """Return the first error code of Entra in the message of a status, if there is one."""
    texts = [text_of(message) for status in statuses for message in status.iter(_STATUS_MESSAGE)]
    return _ENTRA_ERROR.findall(" ".join(texts))[:1]


def _require_one_assertion(root: etree._Element) -> None:
    """Require one assertion in its place, unique IDs, and signatures only where they belong.

    Otherwise two readers could read different elements of one document (signature wrapping).
    """
    assertions = [*root.iter(_ASSERTION), *encrypted_assertions(root)]
    if not assertions:
        raise AssertionMissing
    if len(assertions) > 1 or assertions[0].getparent() is not root:
        raise AssertionMisplaced
    for signature in root.iter(_SIGNATURE):
        if signature.getparent() not in (root, assertions[0]):
            raise SignatureMalformed(
                "a signature that is neither the Response's nor the Assertion's"
            )
    ids = [value for path in _IDS for value in cast(list[str], path(root))]
    if len(ids) != len(set(ids)):
        raise DuplicateId
