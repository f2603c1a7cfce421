"""A tenant's identity provider that takes part in logouts."""

from __future__ import annotations

import pytest

from jitprov.models import IdentityProvider
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import connected


@pytest.fixture
def idp(fake_identity_provider: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake_identity_provider, slug="acme", slo_url=fake_identity_provider.slo_url)
