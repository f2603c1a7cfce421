from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.contrib.auth import get_user
from django.http import HttpRequest
from django.test import Client

from jitprov.models import IdentityProvider, ProvisioningEvent, Tenant
from jitprov.saml.types import Binding
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User

Connect = Callable[..., IdentityProvider]


def signed_in(client: Client) -> User:
    request = HttpRequest()
    request.session = client.session
    user = get_user(request)
    assert isinstance(user, User)
    return user


def test_a_person_of_a_tenant_signs_in(
    client: Client,
    fake_identity_provider: FakeIdentityProvider,
    connect_identity_provider: Connect,
    saml_sign_in: SignIn,
) -> None:
    tenant = Tenant.objects.create(slug="acme", name="Acme")
    idp = connect_identity_provider(fake_identity_provider, tenant)

    response = saml_sign_in(idp, fake_identity_provider, next_url="/reports/")

    assert response["Location"] == "/reports/"
    assert signed_in(client).email == "ann.archer@acme.example"


@pytest.fixture
def idp(
    connect_identity_provider: Connect, fake_identity_provider: FakeIdentityProvider
) -> IdentityProvider:
    tenant = Tenant.objects.create(slug="acme", name="Acme")
    return connect_identity_provider(fake_identity_provider, tenant)


def test_connect_imports_the_metadata_as_the_command_does(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    assert (idp.slug, idp.preset) == ("acme", "entra")
    assert idp.entity_id == fake_identity_provider.entity_id
    assert idp.certificates.count() == 1
    assert "email" in {rule.target for rule in idp.claim_rules()}


def test_columns_can_be_set_when_connecting(
    connect_identity_provider: Connect, fake_identity_provider: FakeIdentityProvider
) -> None:
    tenant = Tenant.objects.create(slug="beta", name="Beta")

    idp = connect_identity_provider(fake_identity_provider, tenant, slug="beta", create_users=False)

    idp.refresh_from_db()
    assert (idp.slug, idp.create_users) == ("beta", False)


def test_a_test_can_define_its_own_person(
    client: Client,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    saml_sign_in: SignIn,
) -> None:
    saml_sign_in(idp, fake_identity_provider, replace(ANN, given_name="Anna"))

    assert signed_in(client).first_name == "Anna"


def test_a_refused_sign_in_returns_the_refusal_page(
    client: Client,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    saml_sign_in: SignIn,
) -> None:
    response = saml_sign_in(idp, fake_identity_provider, audience_restrictions=[["https://x/"]])

    assert response.status_code == 403
    assert ProvisioningEvent.objects.get().reason == "audience_mismatch"
    assert "_auth_user_id" not in client.session


def test_an_identity_provider_with_http_post_can_be_used(
    client: Client, connect_identity_provider: Connect, saml_sign_in: SignIn
) -> None:
    fake = FakeIdentityProvider(sso_binding=Binding.POST)
    idp = connect_identity_provider(fake, Tenant.objects.create(slug="acme", name="Acme"))

    saml_sign_in(idp, fake)

    assert signed_in(client).last_name == "Archer"


def test_a_misspelt_knob_is_refused(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider, saml_sign_in: SignIn
) -> None:
    with pytest.raises(TypeError, match="audiance"):
        saml_sign_in(idp, fake_identity_provider, audiance="x")  # type: ignore[call-arg]


@pytest.mark.parametrize("module", ["jitprov.testing.plugin", "jitprov.testing"])
def test_importing_the_plugin_does_not_import_django(module: str) -> None:
    check = f"import sys, {module}; sys.exit('django' in sys.modules)"

    subprocess.run([sys.executable, "-c", check], check=True, timeout=60)
