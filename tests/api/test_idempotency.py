"""A request that is repeated with its Idempotency-Key makes nothing more, and tells nobody else anything."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client

from jitprov.models import ClaimMapping, IdempotencyKey, IdentityProvider, SetupLink, TestSignIn
from tests.api.client import Answer, Api
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

ACME = "identity-providers/acme/"
KEY = "0b6d2c1e-5d0a-4c40-9a11-6d2f4b9b8f3c"
CLAIM = {"target": "first_name", "sources": ["given"]}


def post(api: Api, path: str, body: Any, key: str = KEY) -> Answer:
    return api.ask("POST", path, body, headers={"Idempotency-Key": key})


POSTS: list[Any] = [
    pytest.param("identity-providers/", {"tenant": "acme"}, id="identity provider"),
    pytest.param(f"{ACME}claim-mappings/", CLAIM, id="claim mapping"),
    pytest.param(
        f"{ACME}group-mappings/", {"claim": "g", "value": "v", "admits": True}, id="group"
    ),
    pytest.param(f"{ACME}setup-links/", {"days": 1}, id="setup link"),
    pytest.param(f"{ACME}test-sign-ins/", {}, id="test"),
]


@pytest.fixture
def superuser_of_acme(idp: IdentityProvider) -> Api:
    IdentityProvider.objects.update(slug="acme")
    idp.tenant.slug = "acme"
    idp.tenant.save()
    idp.claim_mappings.filter(target="first_name").delete()
    return signed_in(UserFactory.create(is_superuser=True, is_staff=True))


def signed_in(user: Any) -> Api:
    client = Client()
    client.force_login(user)
    return Api(client)


def rows() -> int:
    made = (ClaimMapping, IdentityProvider, SetupLink, TestSignIn)
    return sum(model._default_manager.count() for model in made)


def _steady(answer: dict[str, Any]) -> dict[str, Any]:
    """Return an answer without what is signed anew each second, and without a link that is shown once."""
    begun = str(answer.get("start_url", "")).partition("%3A")[0]  # before the time of its signature
    return {**answer, "url": None, "start_url": begun}


@pytest.mark.parametrize(("path", "body"), POSTS)
def test_a_repeated_request_is_answered_with_what_the_first_has_made(
    superuser_of_acme: Api, path: str, body: Any
) -> None:
    first = post(superuser_of_acme, path, body)
    assert first.status == 201, first.json
    before = rows()

    again = post(superuser_of_acme, path, body)

    assert (again.status, rows()) == (201, before)
    assert again.headers.get("Location") == first.headers.get("Location")
    assert _steady(again.json) == _steady(first.json)
    assert again.json.get("url") is None  # a setup link's is shown once


@pytest.mark.parametrize(("path", "body"), POSTS)
def test_the_key_of_another_request_is_refused(
    superuser_of_acme: Api, path: str, body: Any
) -> None:
    draft = {"tenant": "acme", "slug": "x"}
    assert post(superuser_of_acme, "identity-providers/", draft).status == 201
    before = rows()

    answer = post(superuser_of_acme, path, body)

    assert (answer.status, answer.json["code"]) == (422, "idempotency_key_reused")
    assert rows() == before


def test_a_key_belongs_to_its_user(superuser_of_acme: Api, idp: IdentityProvider) -> None:
    other = signed_in(UserFactory.create(is_superuser=True))
    body = {"tenant": "acme"}
    first = post(superuser_of_acme, "identity-providers/", body)
    second = post(other, "identity-providers/", body)
    assert first.json["slug"] != second.json["slug"]


def test_somebody_who_has_lost_the_tenant_is_told_nothing_by_their_key(
    ours: Api, idp: IdentityProvider
) -> None:
    body = {"tenant": idp.tenant.slug}
    assert post(ours, "identity-providers/", body).status == 201
    get_user_model().objects.get().administered_tenants.all().delete()

    assert post(ours, "identity-providers/", body).status == 403


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "\x7f", "\u00e9"])
def test_a_key_that_is_none_is_refused(ours: Api, idp: IdentityProvider, key: str) -> None:
    answer = post(ours, f"{ACME}claim-mappings/", CLAIM, key)
    assert (answer.status, answer.json["code"]) == (400, "idempotency_key_invalid")


def test_a_request_that_was_refused_may_be_made_again_with_its_key(
    superuser_of_acme: Api,
) -> None:
    path = f"{ACME}claim-mappings/"
    assert post(superuser_of_acme, path, {**CLAIM, "target": "nothing"}).status == 400
    assert not IdempotencyKey.objects.exists()
    assert post(superuser_of_acme, path, CLAIM).status == 201


def test_a_request_is_not_repeated_after_what_it_made_is_gone(superuser_of_acme: Api) -> None:
    path = f"{ACME}claim-mappings/"
    assert post(superuser_of_acme, path, CLAIM).status == 201
    ClaimMapping.objects.filter(target="first_name").delete()

    assert post(superuser_of_acme, path, CLAIM).status == 404
    assert not ClaimMapping.objects.filter(target="first_name").exists()


@pytest.mark.django_db(transaction=True)
def test_the_same_request_twice_at_once_makes_one_thing(superuser_of_acme: Api) -> None:
    together = threading.Barrier(2)
    found: list[Answer] = []

    def ask(api: Api) -> None:
        together.wait()
        found.append(post(api, "identity-providers/", {"tenant": "acme"}))
        connection.close()

    user = get_user_model().objects.get(is_superuser=True)
    threads = [threading.Thread(target=ask, args=[signed_in(user)]) for _ in range(2)]
    before = IdentityProvider.objects.count()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [one.status for one in found] == [201, 201]
    assert found[0].json["slug"] == found[1].json["slug"]
    assert IdentityProvider.objects.count() == before + 1
