"""The knobs: every part of a response that a test can change or remove.

Without a knob, a part is as Entra sends it. ``None`` (or ``False``) removes the part. An instant that is given as text
is written as it is.
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
"""A function that changes the Response, the root of the message, in place."""

SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"
BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
PASSWORD_CONTEXT = "urn:oasis:names:tc:SAML:2.0:ac:classes:Password"  # noqa: S105 - a URI
EMAIL_ADDRESS_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"


class SignatureAlgorithm(StrEnum):
    """The algorithm of the signature. SHA-1 is for tests of its refusal."""

    RSA_SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"
    RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    RSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384"
    RSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512"
    ECDSA_SHA1 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1"
    ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
    ECDSA_SHA384 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"
    ECDSA_SHA512 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512"


class DigestAlgorithm(StrEnum):
    """The digest algorithm of the signed element. SHA-1 is for tests of its refusal."""

    SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
    SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
    SHA384 = "http://www.w3.org/2001/04/xmldsig-more#sha384"
    SHA512 = "http://www.w3.org/2001/04/xmlenc#sha512"


class DataEncryption(StrEnum):
    """The encryption algorithm of an assertion."""

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
    """The encryption algorithm of an assertion's key. RSA 1.5 is for tests of its refusal."""

    RSA_OAEP_MGF1P = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p"
    RSA_OAEP = "http://www.w3.org/2009/xmlenc11#rsa-oaep"
    """With SHA-256 for the digest and the mask."""
    RSA_1_5 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prefixes:
    """The namespace prefixes of a message; ``None`` is the default namespace."""

    protocol: str | None = "samlp"
    response: str | None = None
    """The prefix of the assertion namespace in the Response, for its Issuer and EncryptedAssertion."""
    assertion: str | None = None
    """The prefix of the assertion namespace within the Assertion."""
    signature: str | None = None


ENTRA_PREFIXES = Prefixes()
COMMON_PREFIXES = Prefixes(response="saml", assertion="saml", signature="ds")
"""The prefixes of SimpleSAMLphp, Okta and most others."""
PYSAML2_PREFIXES = Prefixes(protocol="ns0", response="ns1", assertion="ns0", signature="ns2")
"""The prefixes of pysaml2: Response and Assertion use different prefixes for one namespace, and one for two."""


class ContentKnobs(TypedDict, total=False):
    """The claims, and the present."""

    now: datetime
    """The present; the real one by default."""
    name_id: NameID | str | None
    """A text gets the emailAddress format. The person's UPN by default."""
    attributes: Mapping[str, ClaimValues | None]
    """Attributes to add or replace; ``None`` as the value removes an attribute."""
    relay_state: str


class ResponseKnobs(TypedDict, total=False):
    """The Response around the assertion (saml-core-2.0 §3.2.2)."""

    response_id: str | None
    response_version: str | None
    response_issue_instant: Instant | None
    response_in_response_to: str | None
    """The value of ``in_response_to`` by default."""
    response_issuer: str | None
    destination: str | None
    """The ``acs_url`` by default."""
    status: str | None
    """Every status but success comes without an assertion, unless ``with_assertion`` is true."""
    status_nested: str | None
    status_message: str | None
    with_assertion: bool


class SubjectKnobs(TypedDict, total=False):
    """The Subject and its SubjectConfirmation (saml-core-2.0 §2.4)."""

    subject: bool
    confirmation_method: str | None
    """``None`` leaves the SubjectConfirmation out."""
    confirmation_data: bool
    recipient: str | None
    """The ``acs_url`` by default."""
    confirmation_in_response_to: str | None
    """The value of ``in_response_to`` by default."""
    confirmation_not_before: Instant | None
    confirmation_not_on_or_after: Instant | None
    confirmation_address: str | None


class ConditionsKnobs(TypedDict, total=False):
    """The Conditions: validity and audience (saml-core-2.0 §2.5)."""

    conditions: bool
    not_before: Instant | None
    not_on_or_after: Instant | None
    audience_restrictions: Sequence[Sequence[str]]
    """The audiences of each AudienceRestriction; one with the ``audience`` by default."""
    one_time_use: bool


class StatementKnobs(TypedDict, total=False):
    """The statements of the assertion (saml-core-2.0 §2.7)."""

    authn_statements: int
    authn_instant: Instant | None
    session_index: str | None
    """The assertion's ID by default."""
    session_not_on_or_after: Instant | None
    authn_context: str | None
    """``None`` leaves the AuthnContext out."""
    attribute_statements: int
    """The number of AttributeStatements, among which the attributes are divided."""
    attribute_name_format: str | None
    attribute_type: str | None
    """The ``xsi:type`` of every value, such as ``xs:string``."""
    attribute_per_value: bool
    """Write one Attribute for each value, all with the same Name, as Keycloak sends roles."""


class AssertionKnobs(SubjectKnobs, ConditionsKnobs, StatementKnobs, total=False):
    """The Assertion itself (saml-core-2.0 §2.3.3)."""

    assertion_id: str | None
    assertion_version: str | None
    assertion_issue_instant: Instant | None
    assertion_issuer: str | None


class SignatureKnobs(TypedDict, total=False):
    """The signatures: their elements, keys and algorithms."""

    sign: Literal["assertion", "response", "both"] | None
    signing_key_pair: KeyPair
    signature_algorithm: str
    """RSA or ECDSA with SHA-256 by default, depending on the key."""
    digest_algorithm: str
    canonicalization: str
    transforms: Sequence[str]
    inclusive_prefixes: Sequence[str]
    """Prefixes to keep although nothing uses them, as Okta and OneLogin keep ``xs`` (xml-exc-c14n §3)."""
    key_info_certificate: str | None
    """A PEM certificate; the signer's own by default. ``None`` leaves the KeyInfo out."""


class EncryptionKnobs(TypedDict, total=False):
    """The encryption of the assertion."""

    encrypt_for: str | None
    """The service provider's certificate in PEM."""
    data_encryption: DataEncryption
    key_transport: KeyTransport
    retrieval_method: bool
    """Put the EncryptedKey beside the EncryptedData, with a RetrievalMethod that points to it."""


class FormKnobs(TypedDict, total=False):
    """The notation of the message, and hooks that can forge one."""

    prefixes: Prefixes
    fraction_digits: int
    """Digits after the second; 3 by default. Entra has also sent 7."""
    indent: bool
    comments: bool
    """Put a comment in the middle of every value in the assertion."""
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
    """All knobs."""


def require_known(knobs: Knobs) -> None:
    """Refuse a misspelt knob, which would have no effect, so that the test would prove nothing.

    :raises TypeError: there is no knob of that name.
    """
    unknown = knobs.keys() - Knobs.__optional_keys__
    if unknown:
        raise TypeError(f"unknown knobs: {', '.join(sorted(unknown))}")
