"""Read the metadata that an identity provider publishes about itself.

A refusal names the problem and the remedy, because the person who imports metadata seldom made it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.certificates import CertificateProblem, CertificateUnusable, load_certificate
from jitprov.saml.metadata_refusals import (
    MAX_NAMED,
    CertificatesExpired,
    EntityNotFound,
    MetadataExpired,
    MetadataForbiddenXml,
    MetadataNotSigned,
    MetadataNotXml,
    MetadataRefused,
    MetadataSignatureRefused,
    MetadataTooLarge,
    NoIdentityProvider,
    NoSaml2Role,
    NoSigningCertificate,
    NoSsoUrl,
    NotMetadata,
    PlaceholderEntityId,
    SeveralIdentityProviders,
)
from jitprov.saml.signature import SignatureRefused, is_signed, verify_enveloped
from jitprov.saml.sp_metadata import sp_metadata
from jitprov.saml.time import parse_instant
from jitprov.saml.types import Binding, Certificate, IdpMetadata
from jitprov.saml.xml import (
    DS,
    MD,
    SAMLP,
    ForbiddenXml,
    Limits,
    NotXml,
    TooComplex,
    TooLarge,
    parse,
    text_of,
)

__all__ = [
    "METADATA_LIMITS",
    "MetadataRefused",
    "parse_idp_metadata",
    "sp_metadata",
]

METADATA_LIMITS = Limits(bytes=10 * 1024 * 1024, depth=48, nodes=1_000_000, declarations=10_000_000)
"""The bounds of metadata: one identity provider has 2 to 80 kB, a national federation some megabytes."""
MAX_ENTITY_ID = 1024
"""Characters; saml-core-2.0 §8.3.6."""
MAX_URL = 2048
MAX_CERTIFICATES = 20

ENTITY = f"{{{MD}}}EntityDescriptor"
ENTITIES = f"{{{MD}}}EntitiesDescriptor"
IDP_ROLE = f"{{{MD}}}IDPSSODescriptor"

_ENTITIES = etree.XPath(
    # Only below EntitiesDescriptors: an entity inside somebody's Extensions does not belong to the document.
    "//md:EntityDescriptor[not(ancestor::*[not(self::md:EntitiesDescriptor)])]",
    namespaces={"md": MD},
)
_CERTIFICATES = etree.XPath(
    "md:KeyDescriptor[not(@use) or @use='signing']/ds:KeyInfo/ds:X509Data/ds:X509Certificate",
    namespaces={"md": MD, "ds": DS},
)
_EMBEDDED = etree.XPath(
    "ds:Signature/ds:KeyInfo/ds:X509Data/ds:X509Certificate", namespaces={"ds": DS}
)
_PLACEHOLDER = re.compile(r"\{[^}]*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Endpoint:
    binding: Binding
    url: str


def parse_idp_metadata(  # noqa: PLR0913 -- keyword-only; each is one condition of trust
    document: bytes,
    *,
    entity_id: str = "",
    now: datetime,
    trusted: Certificate | None = None,
    allow_http: bool = False,
    limits: Limits = METADATA_LIMITS,
) -> IdpMetadata:
    """Return the metadata that one identity provider publishes about itself (saml-metadata-2.0).

    :param entity_id: the identity provider in an aggregate; needed only if the aggregate has several.
    :param trusted: the metadata, or an aggregate around it, must be signed with this certificate's key.
        Without it, a signature must at least verify with the certificate that came with it.
    :param allow_http: accept a sign-on URL without TLS, on loopback hosts only.
    :raises MetadataRefused: the metadata cannot be used; the text is one line with the problem and the remedy.
    """
    entity = _choose(read_document(document, limits), entity_id)
    role = _saml2_role(entity)
    around = [role, entity, *entity.iterancestors()]
    valid_until = _require_current(around, now)
    if trusted is None:
        _require_intact(around, now)
    else:
        entity = _as_signed(entity, trusted, now)
        role = _saml2_role(entity)
    return _identity_provider(entity, role, now=now, allow_http=allow_http, valid_until=valid_until)


def understand_entity(entity: etree._Element, *, now: datetime, allow_http: bool) -> IdpMetadata:
    """Return the metadata of one entity of an aggregate that is still being read.

    The validity that the aggregates around it state counts too. Their signatures do not count: they cannot be checked
    before the last byte has come.

    :raises MetadataRefused: the entity's metadata cannot be used.
    """
    role = _saml2_role(entity)
    valid_until = _require_current([role, entity, *entity.iterancestors()], now)
    if _signed([role, entity]):
        # Canonicalisation can be made to work hard: the bounds of a document hold for what is signed.
        read_document(etree.tostring(entity, with_tail=False, encoding="utf-8"), METADATA_LIMITS)
        _require_intact([role, entity], now)
    return _identity_provider(entity, role, now=now, allow_http=allow_http, valid_until=valid_until)


# Reading the document


def read_document(document: bytes, limits: Limits) -> etree._Element:
    """Return the root of a metadata document.

    :raises MetadataRefused: it is too large, not XML, or not metadata.
    """
    try:
        root = parse(document, limits)
    except (TooLarge, TooComplex) as error:
        raise MetadataTooLarge(f"the document is too large ({error})") from error
    except (NotXml, ForbiddenXml) as error:
        raise refusal_of(document, error) from error
    require_metadata(root)
    return root


def require_metadata(root: etree._Element) -> None:
    """Refuse a document that is not metadata.

    :raises NotMetadata: its root is neither an entity nor an aggregate.
    """
    if root.tag not in (ENTITY, ENTITIES):
        raise NotMetadata(f"the document is not SAML metadata (its root is {root.tag[:100]!r})")


def refusal_of(document: bytes, error: NotXml | ForbiddenXml) -> MetadataRefused:
    """Return the refusal of a document: a web page, which a mistyped address gives, or XML that is bad."""
    if document.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return NotMetadata("the document is a web page (HTML), not SAML metadata")
    if isinstance(error, ForbiddenXml):
        return MetadataForbiddenXml(f"the document has a {error}")
    return MetadataNotXml(f"the document can not be read as XML ({error})")


def _choose(root: etree._Element, entity_id: str) -> etree._Element:
    entities = _found(_ENTITIES, root)
    if entity_id:
        present = [entity_name(entity) for entity in entities]
        entities = [entity for entity in entities if entity_name(entity) == entity_id]
        if not entities:
            raise EntityNotFound(entity_id, present)
    providers = [entity for entity in entities if entity.find(IDP_ROLE) is not None]
    if not providers:
        raise NoIdentityProvider(_what_else(entities))
    if len(providers) > 1:
        raise SeveralIdentityProviders([entity_name(entity) for entity in providers])
    return providers[0]


def _found(path: etree.XPath, element: etree._Element) -> list[etree._Element]:
    return cast("list[Any]", path(element))


def _what_else(entities: Sequence[etree._Element]) -> str:
    if len(entities) == 1 and entities[0].find(f"{{{MD}}}SPSSODescriptor") is not None:
        return f"{entity_name(entities[0])!r} is a service provider, not an identity provider"
    return f"none of the document's {len(entities)} entities is an identity provider"


def _saml2_role(entity: etree._Element) -> etree._Element:
    # Entra and AD FS also describe WS-Federation, in RoleDescriptors beside it, which are ignored.
    for role in entity.iterfind(IDP_ROLE):
        if SAMLP in role.get("protocolSupportEnumeration", "").split():
            return role
    raise NoSaml2Role(f"{entity_name(entity)!r} does not say that it supports SAML 2.0")


def entity_name(entity: etree._Element) -> str:
    """Return the entity ID, or an empty text."""
    return entity.get("entityID", "").strip()


# Checking validity and signatures


def _require_current(elements: Iterable[etree._Element], now: datetime) -> datetime | None:
    """Return the earliest end of validity that these elements state, and refuse metadata that is past it."""
    ends = [valid_until_of(one) for one in elements if one.get("validUntil") is not None]
    if not ends:
        return None
    refuse_past(min(ends), now)
    return min(ends)


def refuse_past(valid_until: datetime, now: datetime) -> None:
    if valid_until <= now:
        raise MetadataExpired(f"the metadata was valid until {valid_until:%Y-%m-%d %H:%M} UTC only")


def valid_until_of(element: etree._Element) -> datetime:
    text = element.get("validUntil", "")
    try:
        return parse_instant(text)
    except ValueError as error:
        raise MetadataRefused(f"its validUntil is not a date ({text[:40]!r})") from error


def _require_intact(elements: Iterable[etree._Element], now: datetime) -> None:
    """Verify the signature of each signed element with the certificate inside it.

    This does not prove who signed. It shows that the document arrived unchanged.
    """
    for element in _signed(elements):
        try:
            verify_enveloped(element, _embedded_certificates(element), now=now)
        except (SignatureRefused, CertificateUnusable) as error:
            raise MetadataSignatureRefused(signature_problem(error)) from error


def _as_signed(entity: etree._Element, trusted: Certificate, now: datetime) -> etree._Element:
    """Return the entity as it was signed with the trusted certificate's key, by itself or in an aggregate.

    A signature over the role alone is not enough: it does not cover the entity ID.
    """
    refusal: MetadataRefused = MetadataNotSigned("the metadata is not signed")
    for element in _signed([entity, *entity.iterancestors()]):
        try:
            return _choose(verify_enveloped(element, [trusted], now=now), entity_name(entity))
        except SignatureRefused as error:
            refusal = MetadataSignatureRefused(
                f"the certificate that you trust does not vouch for it: {signature_problem(error)}"
            )
    raise refusal


def _signed(elements: Iterable[etree._Element]) -> list[etree._Element]:
    return [element for element in elements if is_signed(element)]


def _embedded_certificates(element: etree._Element) -> list[Certificate]:
    texts = [text_of(certificate) for certificate in _found(_EMBEDDED, element)[:MAX_CERTIFICATES]]
    if not texts:
        raise CertificateUnusable(CertificateProblem.ABSENT)
    return [load_certificate(text, allow_expired=True) for text in texts]


def signature_problem(error: JitprovError) -> str:
    """Return the reason why the signature of metadata is refused, for a person."""
    detail = f", {error}" if str(error) else ""
    return f"the metadata's signature can not be verified ({error.code}{detail})"


# Reading one identity provider


def _identity_provider(
    entity: etree._Element,
    role: etree._Element,
    *,
    now: datetime,
    allow_http: bool,
    valid_until: datetime | None,
) -> IdpMetadata:
    entity_id = _entity_id(entity)
    certificates = _require_certificates(role, entity_id, now)
    sso, problems = _endpoint(role, "SingleSignOnService", allow_http=allow_http)
    if sso is None:
        raise NoSsoUrl(f"{entity_id!r} has no sign-on URL that can be used{_because(problems)}")
    slo, _ = _endpoint(role, "SingleLogoutService", allow_http=allow_http)
    return IdpMetadata(
        entity_id=entity_id,
        sso_url=sso.url,
        sso_binding=sso.binding,
        slo_url=slo.url if slo else "",
        slo_binding=slo.binding if slo else Binding.REDIRECT,
        signing_certificates=certificates,
        want_authn_requests_signed=role.get("WantAuthnRequestsSigned", "").strip() in ("true", "1"),
        valid_until=valid_until,
    )


def _entity_id(entity: etree._Element) -> str:
    entity_id = entity_name(entity)
    if not entity_id or not entity_id.isprintable():
        raise MetadataRefused("its entity ID is empty or not printable")
    if len(entity_id) > MAX_ENTITY_ID:
        raise MetadataRefused(f"its entity ID is longer than {MAX_ENTITY_ID} characters")
    if _PLACEHOLDER.search(entity_id):
        raise PlaceholderEntityId(f"the entity ID is a placeholder, {entity_id!r}")
    return entity_id


def _require_certificates(
    role: etree._Element, entity_id: str, now: datetime
) -> tuple[Certificate, ...]:
    texts = list(dict.fromkeys(text_of(element) for element in _found(_CERTIFICATES, role)))
    if len(texts) > MAX_CERTIFICATES:
        raise MetadataRefused(f"{entity_id!r} has more than {MAX_CERTIFICATES} certificates")
    certificates, problems = _load_certificates(texts)
    if not certificates:
        raise NoSigningCertificate(
            f"{entity_id!r} has no signing certificate that can be used{_because(problems)}"
        )
    if all(certificate.not_after < now for certificate in certificates):
        ends = ", ".join(f"{certificate.not_after:%Y-%m-%d}" for certificate in certificates)
        raise CertificatesExpired(
            f"every signing certificate of {entity_id!r} has expired (valid until {ends})"
        )
    return certificates


def _load_certificates(texts: Sequence[str]) -> tuple[tuple[Certificate, ...], list[str]]:
    """Return the usable certificates, each once, and the problems of the others."""
    good: dict[str, Certificate] = {}
    problems = []
    for number, text in enumerate(texts, start=1):
        try:
            certificate = load_certificate(text)
        except CertificateUnusable as error:
            problems.append(f"certificate {number}: {error}")
        else:
            good[certificate.fingerprint] = certificate
    return tuple(good.values()), problems


def _endpoint(
    role: etree._Element, name: str, *, allow_http: bool
) -> tuple[_Endpoint | None, list[str]]:
    """Return the endpoint of a service, by redirect if both bindings are offered, and the problems of others."""
    problems: list[str] = []
    for binding in (Binding.REDIRECT, Binding.POST):
        for service in role.findall(f"{{{MD}}}{name}"):
            if service.get("Binding") != binding.value:
                continue
            url = service.get("Location", "").strip()
            problem = _url_problem(url, allow_http=allow_http)
            if not problem:
                return _Endpoint(binding=binding, url=url), problems
            problems.append(f"{url[:200]!r} {problem}")
    return None, problems


def _url_problem(url: str, *, allow_http: bool) -> str:
    if len(url) > MAX_URL:
        return f"is longer than {MAX_URL} characters"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return "is not a URL"
    if not host or not url.isprintable() or " " in url or "@" in parts.netloc:
        return "is not a URL"
    if parts.scheme == "https" or (parts.scheme == "http" and allow_http and is_loopback(host)):
        return ""
    return "is not https"


def is_loopback(host: str) -> bool:
    """Say whether a host name or address means this machine itself."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _because(problems: Sequence[str]) -> str:
    return f" ({'; '.join(problems[:MAX_NAMED])})" if problems else ""
