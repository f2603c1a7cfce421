"""Sign our requests and our metadata, with SHA-256 and an RSA or elliptic curve key."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias
from urllib.parse import quote

import xmlsec
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from lxml import etree

from jitprov.exceptions import ConfigurationError
from jitprov.saml.certificates import CertificateUnusable, load_certificate, public_key
from jitprov.saml.signature import SignatureMethod
from jitprov.saml.types import KeyPair
from jitprov.saml.xml import SAML, parse_trusted

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey

_PEM = xmlsec.constants.KeyDataFormatPem


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """One of our key pairs whose certificate belongs to its key. Made by :func:`load_key_pair`."""

    private_key: PrivateKey
    certificate: str
    """X.509, PEM, without anything around it."""

    @property
    def method(self) -> SignatureMethod:
        """Return the algorithm that the key signs with."""
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            return SignatureMethod.RSA_SHA256
        return SignatureMethod.ECDSA_SHA256

    @property
    def can_decrypt(self) -> bool:
        """Say whether assertions can be encrypted to this key; the key transport that we accept is RSA only."""
        return isinstance(self.private_key, rsa.RSAPrivateKey)

    def sign(self, data: bytes) -> bytes:
        """Return the signature in the form that XML signature gives it (RFC 6931 §2.3.6)."""
        if isinstance(self.private_key, rsa.RSAPrivateKey):
            return self.private_key.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private_key.sign(data, ec.ECDSA(hashes.SHA256())))
        size = (self.private_key.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")


@lru_cache(maxsize=32)
def load_key_pair(key_pair: KeyPair) -> SigningKey:
    """Return a key pair that was read, and whose certificate belongs to its key.

    :raises ConfigurationError: it is unreadable, weak, neither RSA nor EC, or not a pair. The error states which,
        and never shows a part of the key.
    """
    private_key = _private_key(key_pair.private_key)
    try:
        certificate = load_certificate(key_pair.certificate)
    except CertificateUnusable as error:
        raise ConfigurationError(f"our own certificate can not be used: {error}") from error
    if public_key(certificate.pem) != private_key.public_key():
        raise ConfigurationError(
            "our own certificate belongs to another key than the one beside it"
        )
    return SigningKey(private_key=private_key, certificate=certificate.pem)


def _private_key(pem: str) -> PrivateKey:
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # Without the cause: what a parser says about a private key does not belong in a log.
        raise ConfigurationError(
            "our own private key can not be read: it must be PEM, not encrypted"
        ) from None
    if isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
        return key
    raise ConfigurationError("our own private key is neither RSA nor an elliptic curve key")


def sign_enveloped(element: etree._Element, key_pair: KeyPair) -> bytes:
    """Return the signed element: enveloped, exclusive c14n (saml-core-2.0 §5.4), with our certificate in KeyInfo.

    The signature stands where the schemas want it: after a message's Issuer, otherwise first. The given element is
    not changed.

    :param element: has an ``ID``.
    :raises ConfigurationError: see :func:`load_key_pair`.
    """
    key = load_key_pair(key_pair)
    root = parse_trusted(etree.tostring(element, with_tail=False, encoding="utf-8"))
    signature = _template(root, key.method)
    root.insert(1 if root.find(f"{{{SAML}}}Issuer") is not None else 0, signature)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key_pair.private_key, _PEM)
    context.key.load_cert_from_memory(key.certificate, _PEM)
    # Not tree.add_ids: it frees memory wrongly, which PYTHONDEVMODE turns into a crash.
    context.register_id(root, "ID")
    context.sign(signature)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def _template(root: etree._Element, method: SignatureMethod) -> etree._Element:
    transform = xmlsec.constants.TransformRsaSha256
    if method is SignatureMethod.ECDSA_SHA256:
        transform = xmlsec.constants.TransformEcdsaSha256
    signature = xmlsec.template.create(root, xmlsec.constants.TransformExclC14N, transform, ns="ds")
    reference = xmlsec.template.add_reference(
        signature, xmlsec.constants.TransformSha256, uri=f"#{root.get('ID')}"
    )
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, xmlsec.constants.TransformExclC14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    return signature


def sign_query(query: str, key_pair: KeyPair) -> str:
    """Return the query with ``SigAlg`` and ``Signature`` (saml-bindings-2.0 §3.4.4.1).

    The signature covers the bytes that are sent: the message, then RelayState if there is one, then SigAlg. So they
    need not be encoded again.

    :param query: ``SAMLRequest=...`` and, if it is sent, ``&RelayState=...``, already encoded.
    :raises ConfigurationError: see :func:`load_key_pair`.
    """
    key = load_key_pair(key_pair)
    signed = f"{query}&SigAlg={quote(key.method.value, safe='')}"
    signature = base64.b64encode(key.sign(signed.encode("ascii"))).decode("ascii")
    return f"{signed}&Signature={quote(signature, safe='')}"
