"""A host's own staff come into the admin by single sign-on, as the page about the admin says."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib import admin
from django.contrib.auth import BACKEND_SESSION_KEY, get_user_model
from django.contrib.auth.decorators import login_required
from django.test import Client
from django.urls import include, path

from jitprov.models import IdentityProvider
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.factories import connected

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db

User: Any = get_user_model()
INDEX = "/admin/"


@pytest.fixture(autouse=True)
def _login_by_sso(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> None:
    monkeypatch.setattr(admin.site, "login", login_required(admin.site.login))
    settings.LOGIN_URL = "jitprov:discovery"
    # As in a project's own module, where the line stands before the admin's URLs are included.
    urls = ModuleType("urls_of_the_host")
    urls.__dict__["urlpatterns"] = [
        path("admin/", admin.site.urls),
        path("saml/", include("jitprov.urls")),
    ]
    settings.ROOT_URLCONF = urls


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def ours(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake, slug="ours", allow_privileged=True)


def test_the_admin_leads_to_the_sign_in(client: Client) -> None:
    answer = client.get(INDEX, follow=True)

    assert answer.redirect_chain[-1][0].startswith("/saml/login/?next=/admin/login/")


def test_staff_of_our_own_directory_come_in(
    client: Client, ours: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    SignIn(client)(ours, fake, ANN)
    User.objects.update(is_staff=True, is_superuser=True)

    SignIn(client)(ours, fake, ANN)

    assert client.get(INDEX).status_code == 200
    assert client.session[BACKEND_SESSION_KEY] == "jitprov.backends.ProvisionedUserBackend"


def test_staff_do_not_come_in_by_another_directory(
    client: Client, fake: FakeIdentityProvider
) -> None:
    theirs = connected(fake, slug="theirs")
    SignIn(client)(theirs, fake, ANN)
    User.objects.update(is_staff=True, is_superuser=True)
    client.logout()

    assert SignIn(client)(theirs, fake, ANN).status_code == 403
    assert client.get(INDEX).status_code == 302
