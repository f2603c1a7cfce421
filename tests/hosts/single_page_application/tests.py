from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from acme.models import OneTimeCode, sha256
from django.contrib.auth import get_user
from django.test import Client
from django.utils.timezone import now

from jitprov.models import Tenant
from jitprov.testing import ANN
from jitprov.testing.round_trip import SignIn

VERIFIER = "what only the front end in this tab knows"
FRONT_END = f"https://front.example/signed-in?challenge={sha256(VERIFIER)}"


@pytest.fixture
def acme(fake, connect_identity_provider):
    return connect_identity_provider(fake, Tenant.objects.create(slug="acme", name="Acme"))


@pytest.fixture
def code(acme, fake, client, saml_sign_in):
    answer = saml_sign_in(acme, fake, next_url=FRONT_END)
    return urlsplit(answer["Location"]).fragment.removeprefix("code=")


def exchange(code, verifier=VERIFIER):
    """Ask for a token, from a front end that has no cookie."""
    form = {"code": code, "verifier": verifier}
    return Client().post("/api/token/", form, content_type="application/json")


def me(token):
    return Client().get("/api/me/", headers={"authorization": f"Token {token}"})


# With a session: the application is on the same host


def test_the_application_learns_that_nobody_is_signed_in(acme, client):
    assert client.get("/api/me/").status_code == 403


def test_after_the_sign_in_the_application_has_a_session(acme, fake, client, saml_sign_in):
    answer = saml_sign_in(acme, fake, next_url="/app/#/inbox")
    assert answer["Location"] == "/app/#/inbox"
    assert client.get("/api/me/").json() == {"email": ANN.email, "first_name": "Ann"}


# With a token: the application has a host of its own


def test_a_code_is_exchanged_for_a_token_once(code, client):
    assert get_user(client).is_anonymous
    answer = exchange(code)
    assert me(answer.json()["token"]).json()["email"] == ANN.email
    assert exchange(code).status_code == 400


@pytest.mark.parametrize("verifier", ["", "somebody else's"])
def test_a_code_is_refused_without_its_verifier(code, verifier):
    assert exchange(code, verifier).status_code == 400
    assert exchange(code).status_code == 400  # and has been tried


def test_a_code_is_refused_after_a_minute(code):
    OneTimeCode.objects.update(expires_at=now() - timedelta(seconds=1))
    assert exchange(code).status_code == 400


def test_a_forged_code_is_refused(code):
    assert exchange("made up").status_code == 400


def test_a_code_of_a_disabled_user_is_refused(code):
    OneTimeCode.objects.get().user.__class__.objects.update(is_active=False)
    assert exchange(code).status_code == 400


@pytest.mark.parametrize("query", ["", "?challenge=", "?challenge=short"])
def test_without_a_challenge_there_is_no_code(acme, fake, client, saml_sign_in, query):
    answer = saml_sign_in(acme, fake, next_url=f"https://front.example/signed-in{query}")
    assert answer["Location"] == f"https://front.example/signed-in{query}"
    assert not OneTimeCode.objects.exists()
    assert get_user(client).is_anonymous


def test_a_refused_person_gets_no_code(acme, fake):
    acme.create_users = False
    acme.save()
    assert SignIn(Client())(acme, fake, next_url=FRONT_END).status_code == 403
    assert not OneTimeCode.objects.exists()
