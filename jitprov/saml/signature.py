"""Verify enveloped XML signatures, the only shape that SAML allows (saml-core-2.0 §5.4).

This is part of the first verifier. It shares no signature code with python3-saml, the second one.
The shape is checked before anything is computed: the sender of a message also wrote the signature's transforms,
and a library that runs them first does work for strangers.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from lxml import etree

from jitprov.exceptions import MAX_RECEIVED, JitprovError
from jitprov.saml.certificates import PublicKey, fingerprint_of, public_key
from jitprov.saml.time import format_instant
from jitprov.saml.types import Certificate
from jitprov.saml.xml import (
    DS,
    EXC_C14N,
    ForbiddenXml,
    canonical,
    detached,
    parse_trusted,
    text_of,
    without_space,
    words_of,
)

ENVELOPED = f"{DS}enveloped-signature"
_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_XENC = "http://www.w3.org/2001/04/xmlenc#"
MAX_PREFIXES = 32
_NAMED_CERTIFICATE = "/".join(
    f"{{{DS}}}{name}" for name in ("Signature", "KeyInfo", "X509Data", "X509Certificate")
)
_SIGNATURE_PARTS = {f"{{{DS}}}{name}" for name in ("SignedInfo", "SignatureValue", "KeyInfo")}


class SignatureRefused(JitprovError):
    """The signature does not prove that the identity provider made the message."""

    code = "signature_refused"


class SignatureMissing(SignatureRefused):
    """Nothing in the message is signed."""

    code = "signature_missing"


class SignatureMalformed(SignatureRefused):
    """The signature is not of the one shape that SAML allows."""

    code = "signature_malformed"


class AlgorithmNotAllowed(SignatureRefused):
    """The signature uses an algorithm that is weak, or that SAML does not need."""

    code = "algorithm_not_allowed"

    def __init__(self, algorithm: str, allowed: Iterable[str] = ()) -> None:
        super().__init__(repr(algorithm[:100]))
        self.algorithm = algorithm
        self.stating(expected=", ".join(allowed), received=(algorithm,) if algorithm else ())


class SignatureInvalid(SignatureRefused):
    """The signature was made with another key, or the message was changed after it."""

    code = "signature_invalid"


class CertificateExpired(SignatureRefused):
    """The signature is good, but the certificate that proves it is not valid at this time."""

    code = "certificate_expired"

    def __init__(self, certificate: Certificate, now: datetime) -> None:
        window = f"from {certificate.not_before:%Y-%m-%d} until {certificate.not_after:%Y-%m-%d}"
        super().__init__(f"{certificate.fingerprint} is valid {window}")
        self.certificate = certificate
        self.stating(
            expected=format_instant(now), received=(certificate.fingerprint, validity(certificate))
        )


class SignatureMethod(Enum):
    """The algorithms that may sign: RSA or ECDSA, with SHA-256 or better (RFC 6931 §2.3)."""

    RSA_SHA256 = f"{_MORE}rsa-sha256"
    RSA_SHA384 = f"{_MORE}rsa-sha384"
    RSA_SHA512 = f"{_MORE}rsa-sha512"
    ECDSA_SHA256 = f"{_MORE}ecdsa-sha256"
    ECDSA_SHA384 = f"{_MORE}ecdsa-sha384"
    ECDSA_SHA512 = f"{_MORE}ecdsa-sha512"

    def verifies(self, key: PublicKey, signature: bytes, data: bytes) -> bool:
        """Say whether the key made the signature over the data."""
        digest = _HASHES[self.name.rpartition("_")[2]]()
        try:
            if isinstance(key, rsa.RSAPublicKey):
                key.verify(signature, data, padding.PKCS1v15(), digest)
            else:
                key.verify(_dss(signature, key), data, ec.ECDSA(digest))
        except (InvalidSignature, ValueError):
            return False
        return True

    def fits(self, key: PublicKey) -> bool:
        """Say whether the key is of the kind that this method needs."""
        return isinstance(key, rsa.RSAPublicKey) == self.name.startswith("RSA")


_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "SHA256": hashes.SHA256,
    "SHA384": hashes.SHA384,
    "SHA512": hashes.SHA512,
}
_DIGESTS = {f"{_XENC}sha256": "sha256", f"{_MORE}sha384": "sha384", f"{_XENC}sha512": "sha512"}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Signature:
    """A signature of the right shape; it is not verified yet."""

    method: SignatureMethod
    value: bytes
    signed_info: bytes
    """In canonical form: the bytes that the value signs."""
    digest: str
    digest_value: bytes
    prefixes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """An element as it was signed, and the certificate that verifies it."""

    element: etree._Element
    certificate: Certificate
    document: bytes
    """The bytes that the element was read from: those that were digested, unless it came encrypted inside them."""


def is_signed(element: etree._Element) -> bool:
    """Say whether the element has a signature of its own."""
    return any(True for _ in element.iterchildren(f"{{{DS}}}Signature"))


def verify_enveloped(
    element: etree._Element, certificates: Sequence[Certificate], *, now: datetime
) -> etree._Element:
    """Return the element as it was signed: its canonical bytes, parsed again, without the signature.

    KeyInfo is ignored: only the caller's certificates count. Read values only from the returned element; the element
    that was given proves nothing.

    :param element: the parent of the signature, with an ``ID`` attribute.
    :raises SignatureMissing, SignatureMalformed, AlgorithmNotAllowed: before anything is computed.
    :raises SignatureInvalid, CertificateExpired: after.
    """
    return verify_signed(element, certificates, now=now).element


def verify_signed(
    element: etree._Element, certificates: Sequence[Certificate], *, now: datetime
) -> Signed:
    """Return the element as :func:`verify_enveloped` does, with the certificate that verified it."""
    signature = _read_signature(element)
    try:
        return _verified(element, signature, certificates, now)
    except SignatureInvalid as error:
        error.stating(expected=fingerprints(certificates), received=_named_certificate(element))
        raise


def _verified(
    element: etree._Element,
    signature: _Signature,
    certificates: Sequence[Certificate],
    now: datetime,
) -> Signed:
    copy = detached(element)
    _remove_signature(copy)
    signed = _canonical(copy, signature.prefixes)
    digest = hashlib.new(signature.digest, signed).digest()
    if not hmac.compare_digest(digest, signature.digest_value):
        raise SignatureInvalid("digest differs")
    signer = _require_signer(signature, certificates, now)
    return Signed(element=parse_trusted(signed), certificate=signer, document=signed)


def fingerprints(certificates: Sequence[Certificate]) -> str:
    """Return the fingerprints of certificates as one text, for a person."""
    return ", ".join(certificate.fingerprint for certificate in certificates[:MAX_RECEIVED])


def validity(certificate: Certificate) -> str:
    """Return the time in which a certificate is valid, as an ISO 8601 interval."""
    return f"{format_instant(certificate.not_before)}/{format_instant(certificate.not_after)}"


def _named_certificate(element: etree._Element) -> tuple[str, ...]:
    """Return the fingerprint of the certificate that the message itself names: a hint, and no proof."""
    found = element.find(_NAMED_CERTIFICATE)
    fingerprint = "" if found is None else fingerprint_of(text_of(found))
    return (f"KeyInfo: {fingerprint}",) if fingerprint else ()


def _require_signer(
    signature: _Signature, certificates: Sequence[Certificate], now: datetime
) -> Certificate:
    signers = [certificate for certificate in certificates if _signed_by(signature, certificate)]
    if not signers:
        raise SignatureInvalid("no certificate of this identity provider verifies it")
    valid = [certificate for certificate in signers if is_valid_at(certificate, now)]
    if not valid:
        raise CertificateExpired(signers[0], now)
    return valid[0]


def is_valid_at(certificate: Certificate, now: datetime) -> bool:
    """Say whether the certificate may be trusted now. A row may extend ``not_after``, never ``not_before``."""
    return certificate.not_before <= now and (
        now <= certificate.not_after or certificate.allow_expired
    )


def _signed_by(signature: _Signature, certificate: Certificate) -> bool:
    key = public_key(certificate.pem)
    return signature.method.fits(key) and signature.method.verifies(
        key, signature.value, signature.signed_info
    )


def _read_signature(element: etree._Element) -> _Signature:
    if not is_signed(element):
        raise SignatureMissing
    signature = _only_child(element, "Signature")
    if any(child.tag not in _SIGNATURE_PARTS for child in signature):
        raise SignatureMalformed("an Object, in which anything could hide")
    signed_info = _only_child(signature, "SignedInfo")
    reference = _only_child(signed_info, "Reference")
    if not element.get("ID") or reference.get("URI") != f"#{element.get('ID')}":
        raise SignatureMalformed("the reference does not name the element that it is in")
    method = _only_child(signed_info, "SignatureMethod")
    prefixes = _exclusive_prefixes(_only_child(signed_info, "CanonicalizationMethod"))
    return _Signature(
        method=_signature_method(method),
        value=_base64(_only_child(signature, "SignatureValue")),
        signed_info=_canonical(detached(signed_info), prefixes),
        digest=_digest_name(_only_child(reference, "DigestMethod")),
        digest_value=_base64(_only_child(reference, "DigestValue")),
        prefixes=_transforms(_only_child(reference, "Transforms")),
    )


def _signature_method(method: etree._Element) -> SignatureMethod:
    algorithm = method.get("Algorithm", "")
    if len(method):
        raise SignatureMalformed("parameters in SignatureMethod")
    try:
        return SignatureMethod(algorithm)
    except ValueError as error:
        allowed = [known.value for known in SignatureMethod]
        raise AlgorithmNotAllowed(algorithm, allowed) from error


def _digest_name(method: etree._Element) -> str:
    algorithm = method.get("Algorithm", "")
    if algorithm not in _DIGESTS:
        raise AlgorithmNotAllowed(algorithm, _DIGESTS)
    return _DIGESTS[algorithm]


def _transforms(transforms: etree._Element) -> tuple[str, ...]:
    """Require exactly the two transforms of saml-core-2.0 §5.4.4; return the second one's prefixes."""
    found = [transform.get("Algorithm", "") for transform in transforms]
    for algorithm in found:
        if algorithm not in (ENVELOPED, EXC_C14N):
            raise AlgorithmNotAllowed(algorithm, (ENVELOPED, EXC_C14N))
    if found != [ENVELOPED, EXC_C14N]:
        raise SignatureMalformed("transforms are not enveloped-signature, then exclusive c14n")
    if len(transforms[0]):
        raise SignatureMalformed("parameters in the enveloped-signature transform")
    return _exclusive_prefixes(transforms[1])


def _exclusive_prefixes(method: etree._Element) -> tuple[str, ...]:
    algorithm = method.get("Algorithm", "")
    if algorithm != EXC_C14N:
        raise AlgorithmNotAllowed(algorithm, (EXC_C14N,))
    if not len(method):
        return ()
    if len(method) > 1 or method[0].tag != f"{{{EXC_C14N}}}InclusiveNamespaces":
        raise SignatureMalformed("unknown parameter of exclusive c14n")
    prefixes = words_of(method[0].get("PrefixList", ""))
    if len(prefixes) > MAX_PREFIXES:
        raise SignatureMalformed("too many inclusive prefixes")
    return tuple(prefixes)


def _canonical(root: etree._Element, prefixes: tuple[str, ...]) -> bytes:
    try:
        return canonical(root, prefixes)
    except ForbiddenXml as error:
        raise SignatureMalformed(f"{error} in what is signed") from error


def _remove_signature(element: etree._Element) -> None:
    """Apply the enveloped-signature transform: the signature goes, text around it stays."""
    signature = _only_child(element, "Signature")
    tail, before = signature.tail or "", signature.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        element.text = (element.text or "") + tail
    element.remove(signature)


def _only_child(parent: etree._Element, name: str) -> etree._Element:
    children = [*parent.iterchildren(f"{{{DS}}}{name}")]
    if len(children) != 1:
        raise SignatureMalformed(f"{len(children)} {name} elements instead of one")
    return children[0]


def _base64(element: etree._Element) -> bytes:
    if len(element):
        raise SignatureMalformed("elements in what must be base64")
    try:
        return base64.b64decode(without_space(text_of(element)), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureMalformed("not base64") from error


def _dss(signature: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    """Turn the two integers of XML signature (RFC 4050 §3.3) into the DER form."""
    size = (key.key_size + 7) // 8
    if len(signature) != 2 * size:
        raise ValueError("wrong length")
    return encode_dss_signature(
        int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big")
    )
