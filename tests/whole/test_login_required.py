"""A host with a middleware that requires a signed-in user: our own pages still work without one."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jitprov.models import IdentityProvider
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.setup_link_holder import Holder

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def login_required(settings: Any) -> None:
    settings.MIDDLEWARE = [
        *settings.MIDDLEWARE,
        "django.contrib.auth.middleware.LoginRequiredMiddleware",
    ]


def test_people_who_are_not_signed_in_can_sign_in(
    client: Client,
    idp: IdentityProvider,
    saml_sign_in: SignIn,
    fake_identity_provider: FakeIdentityProvider,
) -> None:
    assert client.get("/").status_code == 302  # the middleware is active
    assert client.get("/saml/login/").status_code == 200
    assert client.get("/saml/acme/metadata/").status_code == 200

    saml_sign_in(idp, fake_identity_provider)

    assert client.get("/").status_code == 200


def test_a_setup_link_opens_without_a_signed_in_user(idp: IdentityProvider) -> None:
    holder = Holder(idp)
    assert holder.client.get(f"/saml/setup/link/?token={holder.token}").status_code == 200

    holder.open()

    assert holder.page().status_code == 200
