from __future__ import annotations

import json

import pytest
from acme.models import Customer
from django.contrib.auth import get_user_model
from django.test import Client

from jitprov.models import IdentityProvider
from jitprov.testing import ANN
from jitprov.testing.round_trip import SignIn


def client_of(*customers):
    user = get_user_model().objects.create_user("olga")
    for customer in customers:
        customer.owners.add(user)
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def owner(db):
    return client_of(Customer.objects.create(slug="acme", name="Acme"))


def call(client, method, path, body=None):
    answer = client.generic(
        method, f"/sso-api/v1/{path}", json.dumps(body or {}), content_type="application/json"
    )
    return answer.status_code, json.loads(answer.content)


def test_an_owner_connects_and_enables_an_identity_provider(owner, fake):
    status, made = call(owner, "POST", "identity-providers/", {"tenant": "acme"})
    assert (status, made["state"]) == (201, "draft")
    idp = f"identity-providers/{made['slug']}/"

    status, imported = call(owner, "POST", f"{idp}metadata/", {"xml": fake.metadata_xml()})
    assert (status, imported["understood"]["entity_id"]) == (200, fake.entity_id)
    assert call(owner, "POST", f"{idp}enable/")[0] == 409  # not before a test

    _, test = call(owner, "POST", f"{idp}test-sign-ins/", {"report_url": "/settings/sso/"})
    leaving = owner.get(test["start_url"].removeprefix("https://app.example"))
    response = fake.answer(fake.read_request(leaving["Location"]), person=ANN)
    assert SignIn(owner).deliver(response)["Location"] == "/settings/sso/"

    _, report = call(owner, "GET", f"{idp}test-sign-ins/{test['reference']}/")
    assert report["passed"], report
    status, enabled = call(owner, "POST", f"{idp}enable/")
    assert (status, enabled["enabled"]) == (200, True)


def test_a_user_who_owns_no_customer_is_refused(db):
    assert call(client_of(), "GET", "identity-providers/")[0] == 403


def test_an_owner_of_another_customer_finds_nothing(owner):
    other = Customer.objects.create(slug="other", name="Other")
    IdentityProvider.objects.create(slug="other", tenant=other, enabled=False)
    assert call(owner, "GET", "identity-providers/other/")[0] == 404
    assert call(owner, "GET", "identity-providers/") == (200, {"results": [], "next": None})


def test_a_customer_who_has_not_paid_cannot_change_anything(db):
    free = Customer.objects.create(slug="free", name="Free", plan="free")
    IdentityProvider.objects.create(slug="free", tenant=free, enabled=False)
    answer = call(client_of(free), "PATCH", "identity-providers/free/", {"create_users": False})
    assert answer[0] == 403
