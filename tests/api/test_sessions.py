"""Sessions are ended by the API: one person's or everybody's, of a tenant of one's own."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jitprov.models import ConfigurationChange, ExternalIdentity, IdentityProvider
from jitprov.provisioner import Provisioner, Refuse
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


# Access

ACCESS = "identity-providers/acme/end-access/"
BACK = "identity-providers/acme/give-access-back/"
WHO = {"external_id": ANN.object_id}


class Keeping(Provisioner):
    """A host that lets nobody go."""

    def may_leave(self, identity: ExternalIdentity) -> Refuse | None:
        return Refuse(reason="last_owner", text="Make somebody else an owner first.")


def test_access_ends_at_the_next_request_and_comes_back(
    ours: Api, client: Client, sign_in: Any, settings: Any
) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    sign_in()
    assert is_in(client)

    answer = ours.post(ACCESS, WHO | {"reason": "left"})

    assert answer.status == 200
    assert answer.json["active"] is False
    assert (answer.json["ended_by"], answer.json["ended_reason"]) == ("api", "left")
    assert not is_in(client)
    assert sign_in().status_code == 403
    answer = ours.post(BACK, WHO)
    assert (answer.status, answer.json["active"], answer.json["ended_at"]) == (200, True, None)
    assert sign_in().status_code == 302
    change = ConfigurationChange.objects.latest("pk")
    assert (change.note, change.via) == ("switched on", "api")
    assert ANN.object_id not in str(vars(change))


def test_a_leaving_date_is_kept(ours: Api, client: Client, sign_in: Any) -> None:
    sign_in()
    answer = ours.post(ACCESS, WHO | {"at": "2999-01-31T18:00:00Z"})
    assert (answer.status, answer.json["active"]) == (200, True)
    assert answer.json["leaves_at"].startswith("2999-01-31T")
    assert is_in(client)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        (WHO | {"at": "2020-01-01T00:00:00Z"}, 400),
        (WHO | {"at": "soon"}, 400),
        (WHO | {"reason": "x" * 201}, 400),
        (WHO | {"reason": "two\nlines"}, 400),
        (WHO | {"why": "?"}, 400),
        ({"external_id": "nobody"}, 404),
    ],
)
def test_a_body_that_does_not_make_sense_changes_nothing(
    ours: Api, client: Client, sign_in: Any, body: Any, status: int
) -> None:
    sign_in()
    assert ours.post(ACCESS, body).status == status
    assert is_in(client)


def test_the_host_keeps_somebody_with_a_code_of_its_own(
    ours: Api, client: Client, sign_in: Any, settings: Any
) -> None:
    sign_in()
    settings.JITPROV_PROVISIONER = f"{__name__}.Keeping"
    answer = ours.post(ACCESS, WHO)
    assert (answer.status, answer.json["code"]) == (409, "last_owner")
    assert answer.json["message"].startswith("Make somebody else an owner first. Reference: ")
    assert is_in(client)


@pytest.mark.parametrize("path", ["end-access", "give-access-back"])
def test_people_of_another_tenant_are_not_found(ours: Api, path: str) -> None:
    theirs = ExternalIdentityFactory.create(
        identity_provider=IdentityProviderFactory.create(slug="theirs")
    )
    body = {"external_id": theirs.external_id}
    assert ours.post(f"identity-providers/theirs/{path}/", body).status == 404
    assert ours.post(f"identity-providers/acme/{path}/", body).status == 404
    theirs.refresh_from_db()
    assert theirs.active
