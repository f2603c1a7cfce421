"""Write our own metadata, which the admin of an identity provider imports."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from lxml import etree

from jitprov.saml.signing import SigningKey, load_key_pair, sign_enveloped
from jitprov.saml.time import format_instant
from jitprov.saml.types import Binding, ServiceProvider
from jitprov.saml.xml import DS, MD, SAMLP, XENC, XENC11

ENCRYPTION_METHODS = (
    f"{XENC11}aes256-gcm",
    f"{XENC11}aes128-gcm",
    f"{XENC}aes256-cbc",
    f"{XENC}aes128-cbc",
    f"{XENC}rsa-oaep-mgf1p",
)
"""Algorithms that we can decrypt, the best first: some identity providers follow this order."""


def sp_metadata(sp: ServiceProvider, *, now: datetime, valid_for: timedelta | None = None) -> bytes:
    """Return our metadata for one identity provider, signed if we have a key.

    Every key pair is published, so that keys can roll over: to verify our signatures, and to encrypt to us.

    :raises ConfigurationError: a key pair cannot be used.
    """
    keys = [load_key_pair(pair) for pair in sp.key_pairs]
    digest = hashlib.sha256(sp.entity_id.encode()).hexdigest()
    entity = etree.Element(
        f"{{{MD}}}EntityDescriptor",
        {"ID": f"id{digest[:40]}", "entityID": sp.entity_id},
        nsmap={"md": MD, "ds": DS},
    )
    if valid_for is not None:
        entity.set("validUntil", format_instant(now + valid_for))
    _add_sp_role(entity, sp, keys)
    if sp.key_pairs:
        return sign_enveloped(entity, sp.key_pairs[0])
    return etree.tostring(entity, xml_declaration=True, encoding="UTF-8")


def _add_sp_role(entity: etree._Element, sp: ServiceProvider, keys: Sequence[SigningKey]) -> None:
    role = etree.SubElement(
        entity,
        f"{{{MD}}}SPSSODescriptor",
        {
            "AuthnRequestsSigned": str(sp.sign_requests).lower(),
            "WantAssertionsSigned": "true",
            "protocolSupportEnumeration": SAMLP,
        },
    )
    for key in keys:
        _add_key(role, key, "signing")
    for key in keys:
        if key.can_decrypt:
            _add_encryption_methods(_add_key(role, key, "encryption"))
    if sp.slo_url:
        _add_logout(role, sp.slo_url)
    etree.SubElement(
        role,
        f"{{{MD}}}AssertionConsumerService",
        {"Binding": Binding.POST.value, "Location": sp.acs_url, "index": "0", "isDefault": "true"},
    )


def _add_logout(role: etree._Element, slo_url: str) -> None:
    """Name the logout URL, first with the only binding that Entra knows."""
    for binding in (Binding.REDIRECT, Binding.POST):
        etree.SubElement(
            role,
            f"{{{MD}}}SingleLogoutService",
            {"Binding": binding.value, "Location": slo_url},
        )


def _add_key(role: etree._Element, key: SigningKey, use: str) -> etree._Element:
    descriptor = etree.SubElement(role, f"{{{MD}}}KeyDescriptor", {"use": use})
    info = etree.SubElement(descriptor, f"{{{DS}}}KeyInfo")
    data = etree.SubElement(info, f"{{{DS}}}X509Data")
    certificate = etree.SubElement(data, f"{{{DS}}}X509Certificate")
    certificate.text = "".join(key.certificate.splitlines()[1:-1])
    return descriptor


def _add_encryption_methods(descriptor: etree._Element) -> None:
    for algorithm in ENCRYPTION_METHODS:
        etree.SubElement(descriptor, f"{{{MD}}}EncryptionMethod", {"Algorithm": algorithm})
