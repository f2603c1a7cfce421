"""Define the values of the protocol. They are frozen, and each is made in one place only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

MAX_CLOCK_SKEW = timedelta(seconds=300)


class Binding(StrEnum):
    """The way in which a message travels through the browser (saml-bindings-2.0 §3.4 and §3.5)."""

    REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """One of our own key pairs: it signs our requests and metadata, and decrypts assertions."""

    certificate: str
    """X.509, PEM."""
    private_key: str = field(repr=False)
    """PKCS#8 or traditional, PEM, unencrypted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """An X.509 certificate of an identity provider. Made by :func:`jitprov.saml.certificates.load_certificate`."""

    pem: str
    fingerprint: str
    """SHA-256 over the DER form, 64 lower-case hexadecimal digits."""
    not_before: datetime
    not_after: datetime
    allow_expired: bool = False
    """The tenant chose to trust this certificate also after ``not_after``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """The service provider that we are to one tenant's identity provider."""

    entity_id: str
    acs_url: str
    key_pairs: tuple[KeyPair, ...] = ()
    """The first signs. All decrypt and are published, so that keys can roll over."""
    sign_requests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdpMetadata:
    """The metadata of an identity provider, as far as we use it."""

    entity_id: str
    sso_url: str
    sso_binding: Binding = Binding.REDIRECT
    slo_url: str = ""
    slo_binding: Binding = Binding.REDIRECT
    signing_certificates: tuple[Certificate, ...]
    want_authn_requests_signed: bool = False
    valid_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnRequest:
    """A request for authentication, ready to be carried by the browser."""

    id: str
    """An NCName, which comes back as InResponseTo."""
    binding: Binding
    url: str
    """With HTTP-Redirect: the complete URL to send the browser to. With HTTP-POST: the form's action."""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """With HTTP-POST: the hidden fields of the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameID:
    """The NameID of a subject, verbatim (saml-core-2.0 §2.2.3)."""

    value: str
    format: str = ""
    name_qualifier: str = ""
    sp_name_qualifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAssertion:
    """An assertion about a person that has passed every check.

    Only :func:`jitprov.saml.response.verify_response` makes one, so having one proves that the checks have passed.
    """

    assertion_id: str
    issuer: str
    name_id: NameID | None
    attributes: Mapping[str, tuple[str, ...]]
    """Values without surrounding white space. An empty attribute has no values."""
    in_response_to: str | None
    """The ID of the answered request; ``None`` only if the caller allowed unsolicited responses."""
    not_on_or_after: datetime
    """The end of the subject confirmation. The assertion must be remembered until then plus the skew."""
    authn_instant: datetime
    authn_context: str
    session_index: str
    session_not_on_or_after: datetime | None
