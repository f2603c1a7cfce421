"""X.509 certificates of identity providers."""

from __future__ import annotations

import base64
import binascii
import re
from functools import lru_cache
from typing import TypeAlias

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from jitprov.exceptions import JitprovError
from jitprov.saml.types import Certificate

PublicKey: TypeAlias = rsa.RSAPublicKey | ec.EllipticCurvePublicKey

MIN_RSA_BITS = 2048
"""NIST SP 800-131A: shorter keys have been disallowed for signatures since 2014."""
MIN_CURVE_BITS = 256
MAX_CERTIFICATE_LENGTH = 32 * 1024
_ARMOUR = re.compile(r"-----(BEGIN|END) CERTIFICATE-----")


class CertificateUnusable(JitprovError):
    """A certificate can not be read, or its key is of a kind or size that we do not trust."""

    code = "certificate_unusable"


@lru_cache(maxsize=4096)
def load_certificate(text: str, *, allow_expired: bool = False) -> Certificate:
    """Read a certificate, PEM or bare base64 as in metadata, whatever its line breaks.

    :raises CertificateUnusable: not a certificate, or its key is not RSA of at least 2048 bits or an
        elliptic curve key.
    """
    certificate = _parse(text)
    _require_strong_key(certificate)
    return Certificate(
        pem=certificate.public_bytes(Encoding.PEM).decode("ascii"),
        fingerprint=certificate.fingerprint(SHA256()).hex(),
        not_before=certificate.not_valid_before_utc,
        not_after=certificate.not_valid_after_utc,
        allow_expired=allow_expired,
    )


@lru_cache(maxsize=4096)
def public_key(pem: str) -> PublicKey:
    """Return the key of a certificate that :func:`load_certificate` has accepted."""
    return _require_strong_key(_parse(pem))


def fingerprint_of(text: str) -> str:
    """Return the fingerprint of a certificate from a stranger, which proves nothing; empty if it is none.

    It is not kept as others are: a stranger could send any number.
    """
    try:
        return _parse(text).fingerprint(SHA256()).hex()
    except CertificateUnusable:
        return ""


def _parse(text: str) -> x509.Certificate:
    if len(text) > MAX_CERTIFICATE_LENGTH:
        raise CertificateUnusable("certificate is too long")
    try:
        der = base64.b64decode("".join(_ARMOUR.sub("", text).split()), validate=True)
        return x509.load_der_x509_certificate(der)
    except (binascii.Error, ValueError, x509.InvalidVersion) as error:
        raise CertificateUnusable("not an X.509 certificate") from error


def _require_strong_key(certificate: x509.Certificate) -> PublicKey:
    try:
        key = certificate.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise CertificateUnusable("its key can not be read") from error
    if not isinstance(key, (rsa.RSAPublicKey, ec.EllipticCurvePublicKey)):
        raise CertificateUnusable("its key is neither RSA nor an elliptic curve key")
    least = MIN_RSA_BITS if isinstance(key, rsa.RSAPublicKey) else MIN_CURVE_BITS
    if key.key_size < least:
        raise CertificateUnusable(f"its key has {key.key_size} bits, {least} are the least")
    return key
