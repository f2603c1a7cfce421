"""Define the parties, the request and the time of one sign-in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from jitprov.saml.response import Expectation
from jitprov.saml.types import KeyPair, ServiceProvider
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import rsa_key_pair

SP_ENTITY_ID = "https://app.example/saml/acme/metadata/"
ACS_URL = "https://app.example/saml/acme/acs/"
REQUEST_ID = "id8c0f2b7d"
NOW = datetime(2026, 3, 2, 9, 15, 30, tzinfo=UTC)
SKEW = timedelta(seconds=120)


@pytest.fixture(scope="session")
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture(scope="session")
def sp_key_pair() -> KeyPair:
    return rsa_key_pair("service provider")


@pytest.fixture(scope="session")
def sp(sp_key_pair: KeyPair) -> ServiceProvider:
    return ServiceProvider(entity_id=SP_ENTITY_ID, acs_url=ACS_URL, key_pairs=(sp_key_pair,))


@pytest.fixture(scope="session")
def expect(fake: FakeIdentityProvider, sp: ServiceProvider) -> Expectation:
    return Expectation(
        sp=sp, idp=fake.idp_metadata(), pending={REQUEST_ID: None}, now=NOW, clock_skew=SKEW
    )
