"""Read the X.509 certificates of identity providers, and refuse those with weak keys."""

from __future__ import annotations

import base64
import binascii
import re
from enum import unique
from functools import lru_cache
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from jitprov.exceptions import JitprovError, ProblemCode
from jitprov.saml.types import Certificate

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

MIN_RSA_BITS = 2048
"""NIST SP 800-131A: shorter keys have been disallowed for signatures since 2014."""
MIN_CURVE_BITS = 256
MAX_CERTIFICATE_LENGTH = 32 * 1024
_ARMOUR = re.compile(r"-----(BEGIN|END) CERTIFICATE-----")


@unique
class CertificateProblem(ProblemCode):
    """The problems of a certificate."""

    ABSENT = "it does not come with a certificate"
    TOO_LONG = "certificate is too long"
    NOT_X509 = "not an X.509 certificate"
    KEY_UNREADABLE = "its key can not be read"
    KEY_OF_ANOTHER_KIND = "its key is neither RSA nor an elliptic curve key"
    KEY_TOO_SHORT = "its key has %(bits)s bits, %(least)s are the least"


class CertificateUnusable(JitprovError):
    """A certificate can not be read, or its key is of a kind or size that we do not trust."""

    code = "certificate_unusable"

    def __init__(self, problem: CertificateProblem, /, **facts: object) -> None:
        super().__init__(problem.text(facts))
        self.problem, self.facts = problem, facts
        self.certificate: Certificate | None = None
        """What can be read of it, to tell people which one it is. It is not to be trusted."""


@lru_cache(maxsize=4096)
def load_certificate(text: str, *, allow_expired: bool = False) -> Certificate:
    """Return a certificate read from PEM, or from bare base64 as in metadata; line breaks do not matter.

    :raises CertificateUnusable: not a certificate, or its key is not RSA of at least 2048 bits or an
        elliptic curve key.
    """
    parsed = _parse(text)
    certificate = Certificate(
        pem=parsed.public_bytes(Encoding.PEM).decode("ascii"),
        fingerprint=parsed.fingerprint(SHA256()).hex(),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
        allow_expired=allow_expired,
    )
    try:
        _require_strong_key(parsed)
    except CertificateUnusable as error:
        error.certificate = certificate
        raise
    return certificate


@lru_cache(maxsize=4096)
def public_key(pem: str) -> PublicKey:
    """Return the key of a certificate that :func:`load_certificate` has accepted."""
    return _require_strong_key(_parse(pem))


def fingerprint_of(text: str) -> str:
    """Return the fingerprint of a certificate from a stranger, or an empty text if it is not a certificate.

    It proves nothing. It is not kept, because a stranger could send any number of them.
    """
    try:
        return _parse(text).fingerprint(SHA256()).hex()
    except CertificateUnusable:
        return ""


def _parse(text: str) -> x509.Certificate:
    if len(text) > MAX_CERTIFICATE_LENGTH:
        raise CertificateUnusable(CertificateProblem.TOO_LONG)
    try:
        der = base64.b64decode("".join(_ARMOUR.sub("", text).split()), validate=True)
        return x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError, x509.InvalidVersion) as error:
        raise CertificateUnusable(CertificateProblem.NOT_X509) from error


def _require_strong_key(certificate: x509.Certificate) -> PublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable(CertificateProblem.KEY_UNREADABLE) from error
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise CertificateUnusable(CertificateProblem.KEY_OF_ANOTHER_KIND)
    least = MIN_RSA_BITS if isinstance(key, rsa.RSAPublicKey) else MIN_CURVE_BITS
    if key.key_size < least:
        raise CertificateUnusable(CertificateProblem.KEY_TOO_SHORT, bits=key.key_size, least=least)
    return key
