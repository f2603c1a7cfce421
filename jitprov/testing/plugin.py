"""The pytest plugin, there as soon as jitprov is installed: fixtures for a host's own tests.

Nothing of Django is imported before a fixture is used, so the plugin is harmless where there is none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from django.test import Client

    from jitprov.models import IdentityProvider
    from jitprov.testing.identity_provider import FakeIdentityProvider
    from jitprov.testing.round_trip import SignIn


@pytest.fixture
def fake_identity_provider() -> FakeIdentityProvider:
    """Return an Entra tenant of one's own, with real keys and without a network."""
    from jitprov.testing.identity_provider import FakeIdentityProvider  # noqa: PLC0415

    return FakeIdentityProvider()


@pytest.fixture
def connect_identity_provider(db: None) -> Callable[..., IdentityProvider]:
    """Return :func:`jitprov.testing.round_trip.connect`: a tenant and what its identity provider published."""
    from jitprov.testing.round_trip import connect  # noqa: PLC0415

    return connect


@pytest.fixture
def saml_sign_in(client: Client) -> SignIn:
    """Return a function that signs somebody in, all the way, with Django's test client."""
    from jitprov.testing.round_trip import SignIn  # noqa: PLC0415

    return SignIn(client)
