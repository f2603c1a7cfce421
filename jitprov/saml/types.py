"""The values of the protocol: frozen, and each made in one place only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

MAX_CLOCK_SKEW = timedelta(seconds=300)


class Binding(StrEnum):
    """How a message travels through the browser (saml-bindings-2.0 §3.4 and §3.5)."""

    REDIRECT = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    POST = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyPair:
    """One of our own keys: signs our requests and metadata, decrypts assertions sent to us."""

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
    """The tenant asked, by name, to go on trusting this certificate after ``not_after``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceProvider:
    """Us, as one tenant's identity provider sees us."""

    entity_id: str
    acs_url: str
    key_pairs: tuple[KeyPair, ...] = ()
    """The first signs; every one decrypts and is published, so that keys can roll over."""
    sign_requests: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class IdpMetadata:
    """What an identity provider publishes about itself, as far as we use it."""

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
    """An NCName; comes back as InResponseTo."""
    binding: Binding
    url: str
    """With HTTP-Redirect: where to send the browser, complete. With HTTP-POST: the form's action."""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """With HTTP-POST: the form's hidden fields."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NameID:
    """SAML's subject, verbatim (saml-core-2.0 §2.2.3)."""

    value: str
    format: str = ""
    name_qualifier: str = ""
    sp_name_qualifier: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifiedAssertion:
    """What an identity provider asserted about a person, after every check has passed.

    Holding one is the proof: only :func:`jitprov.saml.response.verify_response` makes it.
    """

    assertion_id: str
    issuer: str
    name_id: NameID | None
    attributes: Mapping[str, tuple[str, ...]]
    """Values without surrounding white space; an attribute that came empty has no values."""
    in_response_to: str | None
    """The request that this answers; ``None`` only when the caller allowed unsolicited responses."""
    not_on_or_after: datetime
    """When the subject confirmation ends; the assertion must be remembered at least until then plus the skew."""
    authn_instant: datetime
    authn_context: str
    session_index: str
    session_not_on_or_after: datetime | None
