"""Define the values of the protocol. They are frozen, and each is made in one place only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum, unique
from types import MappingProxyType

from jitprov.exceptions import ProblemCode

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
    slo_url: str = ""
    """Where logout messages arrive; empty where there is no single logout."""
    key_pairs: tuple[KeyPair, ...] = ()
    """The first signs. All decrypt and are published, so that keys can roll over."""
    sign_requests: bool = False


@unique
class NoteCode(ProblemCode):
    """The remarks on metadata that is used nevertheless."""

    SIGNATURE_NOT_VERIFIED = "the metadata's signature can not be verified (%(why)s); it counts like metadata without one"
    CERTIFICATE_NOT_USED = (
        "certificate %(fingerprint)s (%(begins)s to %(ends)s) is not used, and nothing that it signs is accepted: "
        "%(reason)s"
    )
    CERTIFICATE_UNREADABLE = "certificate %(number)s of the metadata is not used: %(reason)s"
    CERTIFICATE_NOT_YET_VALID = (
        "certificate %(fingerprint)s (%(begins)s to %(ends)s) is not valid yet: nothing that it signs is accepted "
        "before %(begins)s"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MetadataNote:
    """A remark on metadata that is used: whoever imports it should know."""

    code: NoteCode
    facts: Mapping[str, object] = field(hash=False)
    reason: ProblemCode | None = None
    """The problem of a certificate, where the remark has a place for one."""

    def __str__(self) -> str:
        reason = self.reason.text(self.facts) if self.reason else ""
        return self.code.text({**self.facts, "reason": reason})


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
    notes: tuple[MetadataNote, ...] = ()
    """Remarks on the document that these values were read from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Packed:
    """A message of ours, ready to be carried by the browser."""

    binding: Binding
    url: str
    """With HTTP-Redirect: the complete URL to send the browser to. With HTTP-POST: the form's action."""
    fields: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """With HTTP-POST: the hidden fields of the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthnRequest(Packed):
    """A request for authentication."""

    id: str
    """An NCName, which comes back as InResponseTo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogoutMessage(Packed):
    """A request to end a person's sessions elsewhere, or the answer to one."""

    id: str
    """An NCName; that of a request comes back as InResponseTo."""


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
    unreadable: frozenset[str] = frozenset()
    """The attributes with a value that is no text: their values must not be used."""
    in_response_to: str | None
    """The ID of the answered request; ``None`` only if the caller allowed unsolicited responses."""
    not_on_or_after: datetime
    """The end of the subject confirmation. The assertion must be remembered until then plus the skew."""
    authn_instant: datetime
    authn_context: str
    session_index: str
    session_not_on_or_after: datetime | None
