"""Every part of a response that a test can alter or remove.

A knob that is not given leaves the part as Entra sends it; ``None`` (or ``False``) removes the part.
Instants may be given as text, which goes into the message as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias, TypedDict

from lxml import etree

from jitprov.saml.types import KeyPair, NameID
from jitprov.testing.person import ClaimValues

Instant: TypeAlias = datetime | str
Mutation: TypeAlias = Callable[["etree._Element"], None]
"""Gets the root of the message, the Response, and changes it in place."""

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PASSWORD_CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"  # noqa: S105 - a URI
EMAIL_ADDRESS_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


class SignatureAlgorithm(StrEnum):
    """How a SignedInfo is signed. SHA-1 is for tests of its refusal."""

    RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
    RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
    ECDSA_SHA1 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
    ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"


class DigestAlgorithm(StrEnum):
    """How the signed element is digested. SHA-1 is for tests of its refusal."""

    SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
    SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


class DataEncryption(StrEnum):
    """How an assertion is encrypted."""

    AES128_CBC = "http://www.w3.org/2001/04/xmlenc#aes128-cbc"
    AES192_CBC = "http://www.w3.org/2001/04/xmlenc#aes192-cbc"
    AES256_CBC = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
    AES128_GCM = "http://www.w3.org/2009/xmlenc11#aes128-gcm"
    AES192_GCM = "http://www.w3.org/2009/xmlenc11#aes192-gcm"
    AES256_GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"

    @property
    def key_bits(self) -> int:
        return int(self.name[3:6])


class KeyTransport(StrEnum):
    """How the key of an encrypted assertion travels. RSA 1.5 is for tests of its refusal."""

    RSA_OAEP_MGF1P = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
    RSA_OAEP = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
    """With SHA-256, also for the mask."""
    RSA_1_5 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefixes:
    """Which prefixes a message binds; ``None`` is the default namespace."""

    protocol: str | None = "samlp"
    response: str | None = None
    """For the assertion namespace in the Response itself: its Issuer and EncryptedAssertion."""
    assertion: str | None = None
    """For the assertion namespace from the Assertion on."""
    signature: str | None = None


ENTRA_PREFIXES = Prefixes()
COMMON_PREFIXES = Prefixes(response="saml", assertion="saml", signature="ds")
"""Like SimpleSAMLphp, Okta and most others."""
PYSAML2_PREFIXES = Prefixes(protocol="ns0", response="ns1", assertion="ns0", signature="ns2")
"""Response and Assertion bind one namespace to different prefixes, and one prefix to two namespaces."""


class ContentKnobs(TypedDict, total=False):
    """What is said, and when."""

    now: datetime
    """The present where not given."""
    name_id: NameID | str | None
    """A text gets the emailAddress format. The person's UPN where not given."""
    attributes: Mapping[str, ClaimValues | None]
    """More attributes than the person's, or others; ``None`` for a value takes one of them away."""
    relay_state: str


class ResponseKnobs(TypedDict, total=False):
    """The Response around the assertion (saml-core-2.0 §3.2.2)."""

    response_id: str | None
    response_version: str | None
    response_issue_instant: Instant | None
    response_in_response_to: str | None
    """Like ``in_response_to`` where not given."""
    response_issuer: str | None
    destination: str | None
    """The ``acs_url`` where not given."""
    status: str | None
    """Anything but success comes without an assertion, unless ``with_assertion`` says otherwise."""
    status_nested: str | None
    status_message: str | None
    with_assertion: bool


class SubjectKnobs(TypedDict, total=False):
    """Whom the assertion is about, and who may present it (saml-core-2.0 §2.4)."""

    subject: bool
    confirmation_method: str | None
    """``None``: no SubjectConfirmation."""
    confirmation_data: bool
    recipient: str | None
    """The ``acs_url`` where not given."""
    confirmation_in_response_to: str | None
    """Like ``in_response_to`` where not given."""
    confirmation_not_before: Instant | None
    confirmation_not_on_or_after: Instant | None
    confirmation_address: str | None


class ConditionsKnobs(TypedDict, total=False):
    """When and for whom the assertion is valid (saml-core-2.0 §2.5)."""

    conditions: bool
    not_before: Instant | None
    not_on_or_after: Instant | None
    audience_restrictions: Sequence[Sequence[str]]
    """One AudienceRestriction with these audiences each; the ``audience`` alone where not given."""
    one_time_use: bool


class StatementKnobs(TypedDict, total=False):
    """What the assertion states (saml-core-2.0 §2.7)."""

    authn_statements: int
    authn_instant: Instant | None
    session_index: str | None
    """The assertion's ID where not given."""
    session_not_on_or_after: Instant | None
    authn_context: str | None
    """``None``: no AuthnContext."""
    attribute_statements: int
    """The attributes are dealt out over so many statements."""
    attribute_name_format: str | None
    attribute_type: str | None
    """The ``xsi:type`` of every value, such as ``xs:string``."""
    attribute_per_value: bool
    """One Attribute for every value, with the same Name, as Keycloak sends roles."""


class AssertionKnobs(SubjectKnobs, ConditionsKnobs, StatementKnobs, total=False):
    """The assertion (saml-core-2.0 §2.3.3)."""

    assertion_id: str | None
    assertion_version: str | None
    assertion_issue_instant: Instant | None
    assertion_issuer: str | None


class SignatureKnobs(TypedDict, total=False):
    """What is signed, by whom and how."""

    sign: Literal["assertion", "response", "both"] | None
    signing_key_pair: KeyPair
    signature_algorithm: str
    """With SHA-256 where not given, RSA or ECDSA as the key is."""
    digest_algorithm: str
    canonicalization: str
    transforms: Sequence[str]
    inclusive_prefixes: Sequence[str]
    """Prefixes to be kept although nothing uses them, as Okta and OneLogin keep ``xs`` (xml-exc-c14n §3)."""
    key_info_certificate: str | None
    """PEM; the signer's own where not given. ``None``: no KeyInfo."""


class EncryptionKnobs(TypedDict, total=False):
    """For whom the assertion is encrypted, and how."""

    encrypt_for: str | None
    """The service provider's certificate, PEM."""
    data_encryption: DataEncryption
    key_transport: KeyTransport
    retrieval_method: bool
    """Put the EncryptedKey beside the EncryptedData, which names it."""


class FormKnobs(TypedDict, total=False):
    """How the message is written down, and hooks for those who forge one."""

    prefixes: Prefixes
    fraction_digits: int
    """Of a second: 3 where not given; Entra has also sent 7."""
    indent: bool
    comments: bool
    """A comment in the middle of every value in the assertion."""
    mutate_before_signing: Mutation
    mutate_before_encrypting: Mutation
    mutate_after_signing: Mutation


class Knobs(
    ContentKnobs,
    ResponseKnobs,
    AssertionKnobs,
    SignatureKnobs,
    EncryptionKnobs,
    FormKnobs,
    total=False,
):
    """All of them."""


def require_known(knobs: Knobs) -> None:
    """Refuse a misspelt knob: it would turn nothing, and the test would prove nothing.

    :raises TypeError: there is no knob of that name.
    """
    unknown = knobs.keys() - Knobs.__optional_keys__
    if unknown:
        raise TypeError(f"unknown knobs: {', '.join(sorted(unknown))}")
