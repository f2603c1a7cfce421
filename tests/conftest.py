"""One tenant's identity provider, and a way to sign in with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache

from jitprov.journal import unproved_refusals
from jitprov.models import (
    IdentityProvider,
)
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import ANN, Person
from jitprov.testing.round_trip import SignIn
from tests.support.factories import connected


@pytest.fixture(autouse=True)
def nothing_counted_before(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin each test as a process begins: primary keys of the test before come again."""
    monkeypatch.setattr(unproved_refusals, "_TALLY", unproved_refusals.Tally())
    cache.clear()


@pytest.fixture
def idp(fake_identity_provider: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake_identity_provider, slug="acme")


@pytest.fixture
def sign_in(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> Callable[..., Any]:
    def go(person: Person = ANN, **knobs: Any) -> Any:
        return saml_sign_in(idp, fake_identity_provider, person, **knobs)

    return go
