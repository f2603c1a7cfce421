"""Make keys, certificates and small metadata documents for the tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import onelogin.saml2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from lxml import etree

from jitprov.saml.certificates import load_certificate
from jitprov.saml.metadata import MetadataRefused, parse_idp_metadata
from jitprov.saml.signing import sign_enveloped
from jitprov.saml.types import Certificate, IdpMetadata, KeyPair
from jitprov.saml.xml import DS, MD, SAMLP, parse_trusted

PrivateKey: TypeAlias = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

NOW = datetime(2026, 3, 2, 9, 15, tzinfo=UTC)
YEAR = timedelta(days=365)
ENTITY_ID = "https://idp.example/saml"
SSO_URL = "https://idp.example/sso"
REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@cache
def private_key(kind: str) -> PrivateKey:
    """Return the key of a kind: ``ec``, ``ed25519``, ``rsa-1024``, ``rsa``, or another name that begins with it."""
    if kind == "ec":
        return ec.generate_private_key(ec.SECP256R1())
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    return rsa.generate_private_key(65537, 1024 if kind == "rsa-1024" else 2048)


def key_pair(
    kind: str = "rsa", *, not_before: datetime = NOW - YEAR, not_after: datetime = NOW + YEAR
) -> KeyPair:
    return _key_pair(kind, not_before, not_after)


@cache
def _key_pair(kind: str, not_before: datetime, not_after: datetime) -> KeyPair:
    key = private_key(kind)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "example")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .sign(key, None if kind == "ed25519" else hashes.SHA256())
    )
    return KeyPair(
        certificate=certificate.public_bytes(Encoding.PEM).decode(),
        private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
    )


def expired_pair(kind: str = "rsa") -> KeyPair:
    return key_pair(kind, not_before=NOW - 3 * YEAR, not_after=NOW - timedelta(days=1))


def certificate(kind: str = "rsa") -> Certificate:
    return load_certificate(key_pair(kind).certificate)


def base64_of(pem: str) -> str:
    return "".join(pem.splitlines()[1:-1])


def key_descriptor(
    pair: KeyPair | None = None, *, use: str = 'use="signing"', text: str = ""
) -> str:
    body = text or base64_of((pair or key_pair()).certificate)
    return (
        f'<md:KeyDescriptor {use}><ds:KeyInfo xmlns:ds="{DS}"><ds:X509Data>'
        f"<ds:X509Certificate>{body}</ds:X509Certificate>"
        "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
    )


def service(
    name: str = "SingleSignOnService", *, binding: str = REDIRECT, url: str = SSO_URL
) -> str:
    return f'<md:{name} Binding="{binding}" Location="{url}"/>'


def idp_role(
    *,
    keys: str | None = None,
    services: str | None = None,
    protocols: str = SAMLP,
    attributes: str = "",
) -> str:
    return (
        f'<md:IDPSSODescriptor protocolSupportEnumeration="{protocols}" {attributes}>'
        f"{key_descriptor() if keys is None else keys}"
        f"{service() if services is None else services}"
        "</md:IDPSSODescriptor>"
    )


def sp_role() -> str:
    return (
        f'<md:SPSSODescriptor protocolSupportEnumeration="{SAMLP}">'
        f'<md:AssertionConsumerService Binding="{POST}" Location="https://sp.example/acs" index="0"/>'
        "</md:SPSSODescriptor>"
    )


def entity(roles: str | None = None, *, entity_id: str = ENTITY_ID, attributes: str = "") -> str:
    return (
        f'<md:EntityDescriptor xmlns:md="{MD}" entityID="{entity_id}" {attributes}>'
        f"{idp_role() if roles is None else roles}"
        "</md:EntityDescriptor>"
    )


def aggregate(*entities: str, attributes: str = "") -> str:
    inner = "".join(entities)
    return f'<md:EntitiesDescriptor xmlns:md="{MD}" {attributes}>{inner}</md:EntitiesDescriptor>'


def signed(document: str, pair: KeyPair | None = None) -> str:
    """Return the document with its root signed; the root needs an ``ID``."""
    return sign_enveloped(parse_trusted(document.encode()), pair or key_pair()).decode()


def without_declaration(document: str) -> str:
    return document.partition("?>")[2]


@cache
def schema(name: str) -> etree.XMLSchema:
    """Return an OASIS schema that python3-saml ships: ``protocol`` or ``metadata``."""
    folder = Path(onelogin.saml2.__file__).parent / "schemas"
    return etree.XMLSchema(etree.parse(folder / f"saml-schema-{name}-2.0.xsd"))


def parse(document: str | bytes, **options: Any) -> IdpMetadata:
    raw = document if isinstance(document, bytes) else document.encode()
    return parse_idp_metadata(raw, **{"now": NOW, **options})


def refusal(document: str | bytes, **options: Any) -> MetadataRefused:
    raw = document if isinstance(document, bytes) else document.encode()
    with pytest.raises(MetadataRefused) as caught:
        parse_idp_metadata(raw, **{"now": NOW, **options})
    assert "\n" not in str(caught.value)
    assert str(caught.value).endswith(caught.value.remedy)
    return caught.value
