"""Read the metadata that an identity provider publishes about itself.

A refusal names the problem and the remedy, because the person who imports metadata seldom made it.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

from lxml import etree

from jitprov.saml.metadata_certificates import signing_certificates
from jitprov.saml.metadata_document import METADATA_LIMITS, read_document
from jitprov.saml.metadata_refusals import (
    MAX_NAMED,
    EntityNotFound,
    EntityTwice,
    MetadataExpired,
    MetadataForbiddenXml,
    MetadataNotSigned,
    MetadataRefused,
    MetadataSignatureRefused,
    NoIdentityProvider,
    NoSaml2Role,
    NoSsoUrl,
    PlaceholderEntityId,
    SeveralIdentityProviders,
)
from jitprov.saml.metadata_signature import as_signed, require_intact, signed_ones
from jitprov.saml.sp_metadata import sp_metadata
from jitprov.saml.time import parse_instant
from jitprov.saml.types import Binding, Certificate, IdpMetadata, MetadataNote
from jitprov.saml.xml import MD, SAMLP, Limits, has_instruction, stripped, words_of

__all__ = ["METADATA_LIMITS", "MetadataRefused", "parse_idp_metadata", "sp_metadata"]

MAX_ENTITY_ID = 1024
"""Characters; saml-core-2.0 §8.3.6."""
MAX_URL = 2048

IDP_ROLE = f"{{{MD}}}IDPSSODescriptor"

_ENTITIES = etree.XPath(
    # Only below EntitiesDescriptors: an entity inside somebody's Extensions does not belong to the document.
    "//md:EntityDescriptor[not(ancestor::*[not(self::md:EntitiesDescriptor)])]",
    namespaces={"md": MD},
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
        Without it, a signature proves nothing; if its digest differs, the document was changed and is refused.
    :param allow_http: accept a sign-on URL without TLS, on loopback hosts only.
    :raises MetadataRefused: the metadata cannot be used; the text is one line with the problem and the remedy.
    """
    entity = _choose(read_document(document, limits), entity_id)
    role = _saml2_role(entity)
    around = [role, entity, *entity.iterancestors()]
    valid_until = _require_current(around, now)
    notes: tuple[MetadataNote, ...] = ()
    if trusted is None:
        notes = require_intact(around, now)
    else:
        entity = _as_signed(entity, trusted, now)
        role = _saml2_role(entity)
    found = _identity_provider(
        entity, role, now=now, allow_http=allow_http, valid_until=valid_until
    )
    return replace(found, notes=notes + found.notes)


def understand_entity(entity: etree._Element, *, now: datetime, allow_http: bool) -> IdpMetadata:
    """Return the metadata of one entity of an aggregate that is still being read.

    The validity that the aggregates around it state counts too. Their signatures do not count: they cannot be checked
    before the last byte has come.

    :raises MetadataRefused: the entity's metadata cannot be used.
    """
    if has_instruction(entity):
        raise MetadataForbiddenXml("the entity has a processing instruction")
    role = _saml2_role(entity)
    valid_until = _require_current([role, entity, *entity.iterancestors()], now)
    if signed_ones([role, entity]):
        # Canonicalisation can be made to work hard: the bounds of a document hold for what is signed.
        read_document(etree.tostring(entity, with_tail=False, encoding="utf-8"))
    notes = require_intact([role, entity], now)
    found = _identity_provider(
        entity, role, now=now, allow_http=allow_http, valid_until=valid_until
    )
    return replace(found, notes=notes + found.notes)


# Choosing the identity provider


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
        names = list(dict.fromkeys(entity_name(entity) for entity in providers))
        if len(names) == 1:
            raise EntityTwice(names[0], len(providers))
        raise SeveralIdentityProviders(names)
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
        if SAMLP in words_of(role.get("protocolSupportEnumeration", "")):
            return role
    raise NoSaml2Role(f"{entity_name(entity)!r} does not say that it supports SAML 2.0")


def entity_name(entity: etree._Element) -> str:
    """Return the entity ID, or an empty text."""
    return stripped(entity.get("entityID", ""))


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


def _as_signed(entity: etree._Element, trusted: Certificate, now: datetime) -> etree._Element:
    """Return the entity as it was signed with the trusted certificate's key, by itself or in an aggregate.

    A signature over the role alone is not enough: it does not cover the entity ID.
    """
    refusal: MetadataRefused = MetadataNotSigned("the metadata is not signed")
    for element in signed_ones([entity, *entity.iterancestors()]):
        try:
            return _choose(as_signed(element, trusted, now), entity_name(entity))
        except MetadataSignatureRefused as error:
            refusal = error
    raise refusal


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
    certificates, notes = signing_certificates(role, entity_id, now)
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
        want_authn_requests_signed=stripped(role.get("WantAuthnRequestsSigned", ""))
        in ("true", "1"),
        valid_until=valid_until,
        notes=notes,
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


def _endpoint(
    role: etree._Element, name: str, *, allow_http: bool
) -> tuple[_Endpoint | None, list[str]]:
    """Return the endpoint of a service, by redirect if both bindings are offered, and the problems of others."""
    problems: list[str] = []
    for binding in (Binding.REDIRECT, Binding.POST):
        for service in role.findall(f"{{{MD}}}{name}"):
            if service.get("Binding") != binding.value:
                continue
            url = stripped(service.get("Location", ""))
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
        # RFC 6761 §6.3; browsers trust these names like "localhost" itself.
        return host == "localhost" or host.endswith(".localhost")


def _because(problems: Sequence[str]) -> str:
    return f" ({'; '.join(problems[:MAX_NAMED])})" if problems else ""
