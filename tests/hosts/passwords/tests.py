from __future__ import annotations

import pytest
from django.contrib.auth import get_user, get_user_model
from django.core import mail

from jitprov.models import Tenant
from jitprov.testing import ANN

User = get_user_model()
PASSWORD = "correct horse battery staple"


@pytest.fixture
def acme(fake, connect_identity_provider):
    return connect_identity_provider(fake, Tenant.objects.create(slug="acme", name="Acme"))


@pytest.fixture
def bob(db):
    return User.objects.create_user("bob", ANN.email, PASSWORD)


def log_in(client, username, password=PASSWORD):
    client.logout()
    client.post("/accounts/login/", {"username": username, "password": password})
    return get_user(client)


def test_the_login_page_shows_both_ways(client):
    page = client.get("/accounts/login/?next=/reports/").content.decode()
    assert 'name="password"' in page
    assert 'href="/saml/login/?next=/reports/"' in page


def test_people_with_a_password_are_not_affected(acme, bob, fake, client, saml_sign_in):
    assert log_in(client, "bob") == bob
    saml_sign_in(acme, fake)  # has the same e-mail address
    assert get_user(client) != bob
    assert log_in(client, "bob") == bob
    bob.refresh_from_db()
    assert bob.has_usable_password()
    assert not bob.external_identities.exists()


def test_a_provisioned_person_has_no_password_and_cannot_get_one(acme, fake, client, saml_sign_in):
    saml_sign_in(acme, fake)
    ann = get_user(client)
    assert ann.email == ANN.email
    assert not ann.has_usable_password()
    assert log_in(client, ann.get_username(), "").is_anonymous
    client.post("/accounts/password_reset/", {"email": ANN.email})
    assert mail.outbox == []


def test_a_provisioned_person_cannot_sign_in_with_a_password_from_before(
    acme, fake, client, saml_sign_in
):
    saml_sign_in(acme, fake)
    ann = get_user(client)
    ann.set_password(PASSWORD)
    ann.save()
    assert log_in(client, ann.get_username()).is_anonymous
    assert saml_sign_in(acme, fake).status_code == 302
