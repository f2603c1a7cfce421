"""Sessions are ended by the API: one person's or everybody's, of a tenant of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jitprov.models import ConfigurationChange, IdentityProvider
from jitprov.testing.person import ANN
from tests.api.client import Api
from tests.support.factories import ExternalIdentityFactory, IdentityProviderFactory

pytestmark = pytest.mark.django_db

END = "identity-providers/acme/end-sessions/"


def is_in(browser: Client) -> bool:
    return browser.get("/").content != b"AnonymousUser"


@pytest.mark.parametrize("body", [{}, {"external_id": ANN.object_id}])
def test_the_next_request_of_the_person_is_signed_out(
    ours: Api, client: Client, sign_in: Any, body: Any, settings: Any
) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    sign_in()
    assert is_in(client)

    answer = ours.post(END, body)

    assert (answer.status, answer.json) == (200, {"external_id": body.get("external_id")})
    assert not is_in(client)
    change = ConfigurationChange.objects.latest("pk")
    assert (change.what, change.via) == ("sessions", "api")
    assert ANN.object_id not in str(vars(change))


def test_the_sessions_of_others_go_on(ours: Api, client: Client, sign_in: Any, idp: Any) -> None:
    sign_in()
    other = ExternalIdentityFactory.create(identity_provider=idp, external_id="other")
    assert ours.post(END, {"external_id": other.external_id}).status == 200
    assert is_in(client)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"external_id": "nobody"}, 404),
        ({"external_id": 1}, 400),
        ({"user": "ann"}, 400),
        ([], 400),
    ],
)
def test_a_person_who_is_not_there_is_not_found(
    ours: Api, idp: IdentityProvider, body: Any, status: int
) -> None:
    assert ours.post(END, body).status == status


def test_another_tenants_people_stay(ours: Api) -> None:
    theirs = IdentityProviderFactory.create(slug="theirs")
    assert ours.post("identity-providers/theirs/end-sessions/", {}).status == 404
    theirs.refresh_from_db()
    assert theirs.session_endings == 0
