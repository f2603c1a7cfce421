"""Keys and self-signed certificates for tests, generated once per process."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from jitprov.saml.types import Certificate, KeyPair

ENTRA_COMMON_NAME = "Microsoft Azure Federated SSO Certificate"
NOT_BEFORE = datetime(2000, 1, 1, tzinfo=UTC)
NOT_AFTER = datetime(2049, 12, 31, tzinfo=UTC)
"""Late enough for every moment that a test may use as the present."""


def rsa_key_pair(
    name: str = "idp",
    *,
    bits: int = 2048,
    common_name: str = ENTRA_COMMON_NAME,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = NOT_AFTER,
) -> KeyPair:
    """Return an RSA key with a self-signed certificate. The same name returns the same key."""
    return _key_pair(_rsa_key(name, bits), common_name, not_before, not_after)


def ec_key_pair(
    name: str = "idp",
    *,
    common_name: str = ENTRA_COMMON_NAME,
    not_before: datetime = NOT_BEFORE,
    not_after: datetime = NOT_AFTER,
) -> KeyPair:
    """Return a P-256 key with a self-signed certificate. The same name returns the same key."""
    return _key_pair(_ec_key(name), common_name, not_before, not_after)


def certificate_of(pem: str) -> Certificate:
    """Return a certificate with its values. It is read without :mod:`jitprov.saml`, which may be under test."""
    parsed = x509.load_pem_x509_certificate(pem.encode())
    return Certificate(
        pem=pem,
        fingerprint=parsed.fingerprint(SHA256()).hex(),
        not_before=parsed.not_valid_before_utc,
        not_after=parsed.not_valid_after_utc,
    )


def certificate_body(pem: str) -> str:
    """Return a PEM certificate as XML contains it: base64 in one line, without the BEGIN and END lines."""
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def is_elliptic(pair: KeyPair) -> bool:
    certificate = x509.load_pem_x509_certificate(pair.certificate.encode())
    return isinstance(certificate.public_key(), ec.EllipticCurvePublicKey)


@cache
def _rsa_key(_name: str, bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


@cache
def _ec_key(_name: str) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def _key_pair(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    common_name: str,
    not_before: datetime,
    not_after: datetime,
) -> KeyPair:
    certificate = _self_signed(key, common_name, not_before, not_after)
    private_key = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return KeyPair(
        certificate=certificate.public_bytes(Encoding.PEM).decode("ascii"),
        private_key=private_key.decode("ascii"),
    )


def _self_signed(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey,
    common_name: str,
    not_before: datetime,
    not_after: datetime,
) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(key, SHA256())
    )
