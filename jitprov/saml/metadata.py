"""Metadata: what an identity provider publishes about itself, and what we publish about us.

A refusal names the problem and the remedy, because whoever imports metadata is seldom the one who made it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, BinaryIO, cast
from urllib.parse import urlsplit

from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.certificates import CertificateUnusable, load_certificate
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
    "iter_idp_metadata",
    "parse_idp_metadata",
    "sp_metadata",
]

METADATA_LIMITS = Limits(bytes=10 * 1024 * 1024, depth=48, nodes=1_000_000)
"""For metadata: one identity provider is 2 to 80 kB, a national federation some megabytes."""
MAX_ENTITY_ID = 1024
"""Characters; saml-core-2.0 §8.3.6."""
MAX_URL = 2048
MAX_CERTIFICATES = 20

ENTITY = f"{{{MD}}}EntityDescriptor"
ENTITIES = f"{{{MD}}}EntitiesDescriptor"
IDP_ROLE = f"{{{MD}}}IDPSSODescriptor"

_ENTITIES = etree.XPath(
    # Only below EntitiesDescriptors: an entity inside somebody's Extensions is not one of the document's.
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
    """Return what one identity provider publishes about itself (saml-metadata-2.0).

    :param entity_id: which identity provider of an aggregate; needed only if it has several.
    :param trusted: the metadata, or an aggregate around it, must be signed with this certificate's key.
        Without it a signature that is there must at least verify with the certificate that came with it.
    :param allow_http: accept a sign-on URL without TLS, on loopback hosts only.
    :raises MetadataRefused: one of its family; the text is one line with the problem and the remedy.
    """
    entity = _choose(_read(document, limits), entity_id)
    valid_until = _require_current(entity, now)
    if trusted is None:
        _require_intact(entity, now)
    else:
        entity = _as_signed(entity, trusted, now)
    return _identity_provider(entity, now=now, allow_http=allow_http, valid_until=valid_until)


def iter_idp_metadata(
    stream: BinaryIO, *, now: datetime, allow_http: bool = False
) -> Iterator[IdpMetadata | MetadataRefused]:
    """Yield every identity provider of an aggregate, or why it can not be used, one at a time.

    The memory needed is that of the largest entity. A signature over the whole aggregate can not be checked
    on the way and is not: the caller vouches for the stream. Signatures of single entities are checked.

    :raises MetadataNotXml, MetadataForbiddenXml, MetadataTooLarge, MetadataExpired: about the whole stream; after
        what was yielded before.
    """
    for entity in _stream_entities(stream, now):
        if entity.find(IDP_ROLE) is None:
            continue
        alone = etree.tostring(entity, with_tail=False, encoding="utf-8")
        try:
            yield parse_idp_metadata(alone, now=now, allow_http=allow_http)
        except MetadataRefused as refusal:
            yield refusal


# Reading the document


def _read(document: bytes, limits: Limits) -> etree._Element:
    try:
        root = parse(document, limits)
    except (TooLarge, TooComplex) as error:
        raise MetadataTooLarge(f"the document is too large ({error})") from error
    except (NotXml, ForbiddenXml) as error:
        raise _refusal_of(document, error) from error
    _require_metadata(root)
    return root


def _require_metadata(root: etree._Element) -> None:
    if root.tag not in (ENTITY, ENTITIES):
        raise NotMetadata(f"the document is not SAML metadata (its root is {root.tag[:100]!r})")


def _refusal_of(document: bytes, error: NotXml | ForbiddenXml) -> MetadataRefused:
    """Tell a sign-in or error page, which is what a mistyped address gives, from XML that is bad."""
    if document.lstrip()[:14].lower().startswith((b"<!doctype html", b"<html")):
        return NotMetadata("the document is a web page (HTML), not SAML metadata")
    if isinstance(error, ForbiddenXml):
        return MetadataForbiddenXml(f"the document has a {error}")
    return MetadataNotXml(f"the document can not be read as XML ({error})")


def _choose(root: etree._Element, entity_id: str) -> etree._Element:
    entities = _found(_ENTITIES, root)
    if entity_id:
        present = [_name(entity) for entity in entities]
        entities = [entity for entity in entities if _name(entity) == entity_id]
        if not entities:
            raise EntityNotFound(entity_id, present)
    providers = [entity for entity in entities if entity.find(IDP_ROLE) is not None]
    if not providers:
        raise NoIdentityProvider(_what_else(entities))
    if len(providers) > 1:
        raise SeveralIdentityProviders([_name(entity) for entity in providers])
    if not _saml2_roles(providers[0]):
        raise NoSaml2Role(f"{_name(providers[0])!r} does not say that it supports SAML 2.0")
    return providers[0]


def _found(path: etree.XPath, element: etree._Element) -> list[etree._Element]:
    return cast("list[Any]", path(element))


def _what_else(entities: Sequence[etree._Element]) -> str:
    if len(entities) == 1 and entities[0].find(f"{{{MD}}}SPSSODescriptor") is not None:
        return f"{_name(entities[0])!r} is a service provider, not an identity provider"
    return f"none of the document's {len(entities)} entities is an identity provider"


def _saml2_roles(entity: etree._Element) -> list[etree._Element]:
    # Entra and AD FS describe WS-Federation in RoleDescriptors beside it: not our business.
    return [
        role
        for role in entity.findall(IDP_ROLE)
        if SAMLP in role.get("protocolSupportEnumeration", "").split()
    ]


def _name(entity: etree._Element) -> str:
    return entity.get("entityID", "").strip()


# Trusting it


def _require_current(entity: etree._Element, now: datetime) -> datetime | None:
    """Return until when the metadata is valid: its own word, its role's and every enclosing aggregate's."""
    chain = [*_saml2_roles(entity)[:1], entity, *entity.iterancestors()]
    ends = [_valid_until(element) for element in chain if element.get("validUntil") is not None]
    if not ends:
        return None
    _refuse_past(min(ends), now)
    return min(ends)


def _refuse_past(valid_until: datetime, now: datetime) -> None:
    if valid_until <= now:
        raise MetadataExpired(f"the metadata was valid until {valid_until:%Y-%m-%d %H:%M} UTC only")


def _valid_until(element: etree._Element) -> datetime:
    text = element.get("validUntil", "")
    try:
        return parse_instant(text)
    except (ValueError, OverflowError) as error:
        raise MetadataRefused(f"its validUntil is not a date ({text[:40]!r})") from error


def _require_intact(entity: etree._Element, now: datetime) -> None:
    """Check every signature that covers the entity against the certificate inside it.

    It proves nothing about who signed. It shows that the document arrived as somebody made it.
    """
    for element in _signed([*_saml2_roles(entity)[:1], entity, *entity.iterancestors()]):
        try:
            verify_enveloped(element, _embedded_certificates(element), now=now)
        except (SignatureRefused, CertificateUnusable) as error:
            raise MetadataSignatureRefused(_signature_problem(error)) from error


def _as_signed(entity: etree._Element, trusted: Certificate, now: datetime) -> etree._Element:
    """Return the entity as the trusted certificate's holder signed it, itself or in an aggregate.

    A signature of the role alone is not enough: it does not cover the entity ID.
    """
    refusal: MetadataRefused = MetadataNotSigned("the metadata is not signed")
    for element in _signed([entity, *entity.iterancestors()]):
        try:
            return _choose(verify_enveloped(element, [trusted], now=now), _name(entity))
        except SignatureRefused as error:
            refusal = MetadataSignatureRefused(
                f"the certificate that you trust does not vouch for it: {_signature_problem(error)}"
            )
    raise refusal


def _signed(elements: Iterable[etree._Element]) -> list[etree._Element]:
    return [element for element in elements if is_signed(element)]


def _embedded_certificates(element: etree._Element) -> list[Certificate]:
    texts = [text_of(certificate) for certificate in _found(_EMBEDDED, element)[:MAX_CERTIFICATES]]
    if not texts:
        raise CertificateUnusable("it does not come with a certificate")
    return [load_certificate(text, allow_expired=True) for text in texts]


def _signature_problem(error: JitprovError) -> str:
    detail = f", {error}" if str(error) else ""
    return f"the metadata's signature can not be verified ({error.code}{detail})"


# Understanding it


def _identity_provider(
    entity: etree._Element, *, now: datetime, allow_http: bool, valid_until: datetime | None
) -> IdpMetadata:
    entity_id = _entity_id(entity)
    role = _saml2_roles(entity)[0]
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
    entity_id = _name(entity)
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
    """Return the good ones, each once, and what is wrong with the others."""
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
    """Return the service's URL, by redirect if both bindings are offered, and what is wrong with the others."""
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
    """Say whether a host name or address means this very machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _because(problems: Sequence[str]) -> str:
    return f" ({'; '.join(problems[:MAX_NAMED])})" if problems else ""


# Reading aggregates that are larger than memory


def _stream_entities(stream: BinaryIO, now: datetime) -> Iterator[etree._Element]:
    nodes = 0
    try:
        for event, element in _events(stream):
            nodes += 1
            if nodes > METADATA_LIMITS.nodes:
                raise MetadataTooLarge("an entity of the aggregate is too large")
            if event == "start":
                _require_usable_aggregate(element, now)
            elif _is_listed(element):
                yield element
                nodes = 0
                _forget(element)
    except etree.XMLSyntaxError as error:
        raise MetadataNotXml("the aggregate is not well-formed XML") from error


def _events(stream: BinaryIO) -> Iterator[tuple[str, etree._Element]]:
    return iter(
        etree.iterparse(
            stream,
            events=("start", "end"),
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
    )


def _require_usable_aggregate(element: etree._Element, now: datetime) -> None:
    if element.getparent() is None:
        if element.getroottree().docinfo.internalDTD is not None:
            raise MetadataForbiddenXml("the aggregate has a document type declaration")
        _require_metadata(element)
    if element.tag == ENTITIES and element.get("validUntil") is not None:
        _refuse_past(_valid_until(element), now)


def _is_listed(element: etree._Element) -> bool:
    return element.tag == ENTITY and all(
        ancestor.tag == ENTITIES for ancestor in element.iterancestors()
    )


def _forget(entity: etree._Element) -> None:
    entity.clear()
    parent = entity.getparent()
    while parent is not None and entity.getprevious() is not None:
        del parent[0]
