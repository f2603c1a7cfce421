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
def bob(client, db):
    """Sign Bob up with a password, with Ann's address, as allauth does it."""
    form = {"username": "bob", "email": ANN.email, "password1": PASSWORD, "password2": PASSWORD}
    assert client.post("/accounts/signup/", form).status_code == 302
    client.logout()
    mail.outbox.clear()
    return User.objects.get()


def log_in(client, login):
    client.logout()
    answer = client.post("/accounts/login/", {"login": login, "password": PASSWORD})
    return get_user(client), answer


def test_people_of_allauth_are_not_affected(bob, acme, fake, client, saml_sign_in):
    assert log_in(client, "bob")[0] == bob
    client.logout()
    saml_sign_in(acme, fake)
    assert get_user(client) not in (bob, None)
    assert get_user(client).is_authenticated
    assert log_in(client, "bob")[0] == bob
    assert not bob.external_identities.exists()


def test_people_of_an_organisation_cannot_sign_in_with_a_password(acme, fake, client, saml_sign_in):
    saml_sign_in(acme, fake)
    ann = get_user(client)
    ann.set_password(PASSWORD)
    ann.save()
    user, answer = log_in(client, ann.get_username())
    assert user.is_anonymous
    assert answer["Location"] == "/saml/login/"


def test_people_of_an_organisation_are_sent_no_link_to_set_a_password(
    acme, fake, client, saml_sign_in
):
    saml_sign_in(acme, fake)
    client.logout()
    mail.outbox.clear()
    client.post("/accounts/password/reset/", {"email": ANN.email})
    assert not [message for message in mail.outbox if "/reset/key/" in message.body]


def test_people_of_allauth_are_sent_a_link_to_set_a_password(bob, client):
    client.post("/accounts/password/reset/", {"email": ANN.email})
    assert "/reset/key/" in mail.outbox[0].body
