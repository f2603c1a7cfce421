"""A door: what the tests of a host use to sign people in, without a network, with real keys and real signatures.

Importing it imports no Django. It is never imported by what runs in production.
"""

from __future__ import annotations

from jitprov.testing.identity_provider import FakeIdentityProvider, FakeResponse
from jitprov.testing.keys import certificate_of, ec_key_pair, rsa_key_pair
from jitprov.testing.knobs import (
    COMMON_PREFIXES,
    ENTRA_PREFIXES,
    PYSAML2_PREFIXES,
    DataEncryption,
    DigestAlgorithm,
    KeyTransport,
    Knobs,
    Prefixes,
    SignatureAlgorithm,
)
from jitprov.testing.person import ANN, Person
from jitprov.testing.received_request import ParsedRequest, RequestNotUnderstood

__all__ = [
    "ANN",
    "COMMON_PREFIXES",
    "ENTRA_PREFIXES",
    "PYSAML2_PREFIXES",
    "DataEncryption",
    "DigestAlgorithm",
    "FakeIdentityProvider",
    "FakeResponse",
    "KeyTransport",
    "Knobs",
    "ParsedRequest",
    "Person",
    "Prefixes",
    "RequestNotUnderstood",
    "SignatureAlgorithm",
    "certificate_of",
    "ec_key_pair",
    "knobs",
    "logout",
    "plugin",
    "round_trip",
    "rsa_key_pair",
]
