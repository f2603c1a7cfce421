"""The pytest plugin of jitprov, which offers fixtures for a host's own tests as soon as jitprov is installed.

Django is imported only when a fixture is used, so that the plugin also works in projects without Django.
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
    """Return a new Entra tenant with real keys, which needs no network."""
    from jitprov.testing.identity_provider import FakeIdentityProvider  # noqa: PLC0415

    return FakeIdentityProvider()


@pytest.fixture
def connect_identity_provider(db: None) -> Callable[..., IdentityProvider]:
    """Return :func:`jitprov.testing.round_trip.connect`, which imports an identity provider for a tenant."""
    from jitprov.testing.round_trip import connect  # noqa: PLC0415

    return connect


@pytest.fixture
def saml_sign_in(client: Client) -> SignIn:
    """Return a function that signs a person in with Django's test client, through the whole round trip."""
    from jitprov.testing.round_trip import SignIn  # noqa: PLC0415

    return SignIn(client)
