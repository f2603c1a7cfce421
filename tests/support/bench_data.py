"""Write a federation's aggregate of any size, like those that federations publish: about 6.7 kB for each entity.

``python -m tests.support.bench_data FOLDER [--entities 10000]`` writes ``aggregate.xml`` and ``map.csv``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

TENANTS = 500
"""The number of tenants that share the identity providers of a generated map."""
_NOW = datetime.now(UTC).replace(microsecond=0)
_NAMESPACES = " ".join(
    f'xmlns:{prefix}="{uri}"'
    for prefix, uri in {
        "md": "urn:oasis:names:tc:SAML:2.0:metadata",
        "ds": "http://www.w3.org/2000/09/xmldsig#",
        "mdui": "urn:oasis:names:tc:SAML:metadata:ui",
        "mdrpi": "urn:oasis:names:tc:SAML:metadata:rpi",
        "mdattr": "urn:oasis:names:tc:SAML:metadata:attribute",
        "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
        "shibmd": "urn:mace:shibboleth:metadata:1.0",
    }.items()
)
_BINDING = "urn:oasis:names:tc:SAML:2.0:bindings:"
_LANGUAGES = ("en", "de", "fr")


@dataclass(frozen=True, slots=True, kw_only=True)
class Federation:
    """The entities of an aggregate, and the map that imports it."""

    entities: int
    certificates: int | None = None
    """The number of different certificates; ``None`` gives each entity its own."""

    def chunks(self) -> Iterator[str]:
        """Yield the document, entity by entity."""
        yield '<?xml version="1.0" encoding="UTF-8"?>\n'
        yield f'<md:EntitiesDescriptor {_NAMESPACES} ID="aggregate">\n'
        for number in range(self.entities):
            yield entity(number, certificate(number % (self.certificates or self.entities)))
        yield "</md:EntitiesDescriptor>\n"

    def write(self, path: Path) -> Path:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(self.chunks())
        return path

    def write_map(self, path: Path) -> Path:
        lines = (f"{entity_id(one)},{tenant(one)},{slug(one)}\n" for one in range(self.entities))
        with path.open("w", encoding="utf-8") as file:
            file.writelines(["entity_id,tenant,slug\n", *lines])
        return path


def entity_id(number: int) -> str:
    return f"https://idp{number}.campus.example/idp/shibboleth"


def tenant(number: int) -> str:
    return f"tenant-{number % TENANTS}"


def slug(number: int) -> str:
    return f"idp-{number}"


@cache
def _subject_key(number: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 3072)


@cache
def _authority() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@cache
def certificate(number: int) -> str:
    """Return a certificate for this entity, in base64.

    Four RSA keys are shared by all, and an elliptic curve key signs, because making RSA keys and signatures is slow.
    All certificates differ, so that no cache can make reading them look fast.
    """
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"idp{number}.campus.example")])
    built = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_subject_key(number % 4).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(_NOW - timedelta(days=365))
        .not_valid_after(_NOW + timedelta(days=3650))
        .sign(_authority(), hashes.SHA256())
    )
    pem = built.public_bytes(Encoding.PEM).decode()
    return "\n".join(pem.splitlines()[1:-1])


def entity(number: int, signer: str) -> str:
    return (
        f'<md:EntityDescriptor entityID="{entity_id(number)}">\n'
        f"{_extensions()}"
        '<md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol">\n'
        f"{_role_extensions(number)}"
        f"{_key('signing', signer)}{_key('encryption', signer)}"
        f"{_service('SingleLogoutService', 'HTTP-Redirect', number, 'Redirect/SLO')}"
        f"{_service('SingleLogoutService', 'SOAP', number, 'SOAP/SLO')}"
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:transient</md:NameIDFormat>\n"
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>\n"
        f"{_service('SingleSignOnService', 'HTTP-POST', number, 'POST/SSO')}"
        f"{_service('SingleSignOnService', 'HTTP-POST-SimpleSign', number, 'POST-SimpleSign/SSO')}"
        f"{_service('SingleSignOnService', 'HTTP-Redirect', number, 'Redirect/SSO')}"
        "</md:IDPSSODescriptor>\n"
        f"{_organization(number)}"
        f"{''.join(_contact(kind, number) for kind in ('technical', 'support', 'administrative'))}"
        "</md:EntityDescriptor>\n"
    )


def _extensions() -> str:
    categories = "".join(
        f"<saml:AttributeValue>{value}</saml:AttributeValue>\n"
        for value in (
            "http://refeds.org/category/research-and-scholarship",
            "http://www.geant.net/uri/dataprotection-code-of-conduct/v1",
            "https://refeds.org/category/code-of-conduct/v2",
        )
    )
    return (
        "<md:Extensions>\n"
        '<mdrpi:RegistrationInfo registrationAuthority="https://federation.example" '
        'registrationInstant="2014-11-04T10:27:11Z">\n'
        '<mdrpi:RegistrationPolicy xml:lang="en">https://federation.example/policy/mrps-v1'
        "</mdrpi:RegistrationPolicy>\n</mdrpi:RegistrationInfo>\n"
        '<mdattr:EntityAttributes><saml:Attribute Name="http://macedir.org/entity-category-support" '
        'NameFormat="urn:oasis:names:tc:SAML:2.0:attrname-format:uri">\n'
        f"{categories}</saml:Attribute></mdattr:EntityAttributes>\n"
        "</md:Extensions>\n"
    )


def _role_extensions(number: int) -> str:
    texts = "".join(
        f'<mdui:DisplayName xml:lang="{language}">University {number} of Applied Examples'
        "</mdui:DisplayName>\n"
        f'<mdui:Description xml:lang="{language}">Sign-in for students, staff and guests of the '
        f"University {number} of Applied Examples and its institutes</mdui:Description>\n"
        f'<mdui:InformationURL xml:lang="{language}">https://www{number}.campus.example/{language}/sso'
        "</mdui:InformationURL>\n"
        for language in _LANGUAGES
    )
    return (
        f'<md:Extensions>\n<shibmd:Scope regexp="false">campus{number}.example</shibmd:Scope>\n'
        f"<mdui:UIInfo>\n{texts}"
        f'<mdui:Logo height="16" width="16">https://www{number}.campus.example/logo-16.png</mdui:Logo>\n'
        f'<mdui:Logo height="80" width="120">https://www{number}.campus.example/logo.png</mdui:Logo>\n'
        "</mdui:UIInfo>\n</md:Extensions>\n"
    )


def _key(use: str, signer: str) -> str:
    return (
        f'<md:KeyDescriptor use="{use}"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>\n'
        f"{signer}\n"
        "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>\n"
    )


def _service(name: str, binding: str, number: int, path: str) -> str:
    url = f"https://idp{number}.campus.example/idp/profile/SAML2/{path}"
    return f'<md:{name} Binding="{_BINDING}{binding}" Location="{url}"/>\n'


def _organization(number: int) -> str:
    names = "".join(
        f'<md:{element} xml:lang="{language}">{value}</md:{element}>\n'
        for element, value in (
            ("OrganizationName", f"University {number} of Applied Examples"),
            ("OrganizationDisplayName", f"University {number}"),
            ("OrganizationURL", f"https://www{number}.campus.example/"),
        )
        for language in _LANGUAGES[:2]
    )
    return f"<md:Organization>\n{names}</md:Organization>\n"


def _contact(kind: str, number: int) -> str:
    return (
        f'<md:ContactPerson contactType="{kind}">\n'
        "<md:GivenName>Identity</md:GivenName>\n<md:SurName>Management Team</md:SurName>\n"
        f"<md:EmailAddress>mailto:{kind}@campus{number}.example</md:EmailAddress>\n"
        "</md:ContactPerson>\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--entities", type=int, default=10_000)
    options = parser.parse_args()
    federation = Federation(entities=options.entities)
    federation.write(options.folder / "aggregate.xml")
    federation.write_map(options.folder / "map.csv")


if __name__ == "__main__":
    main()
