"""What every answer of the API has, whatever was asked for."""

from __future__ import annotations

from typing import Any

import pytest

from jitprov.models import IdentityProvider, ProvisioningEvent
from tests.api.client import Api
from tests.support.factories import GroupFactory, IdentityProviderFactory

pytestmark = pytest.mark.django_db

ACME = "identity-providers/acme/"


@pytest.mark.parametrize("path", ["tenants/", ACME, "events/", "nothing/", ""])
def test_nobody_on_the_way_keeps_an_answer(ours: Api, idp: IdentityProvider, path: str) -> None:
    assert ours.get(path).headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["nothing/", "events/a/b/", "tenants", "", ACME + "nothing/"])
def test_a_path_that_there_is_not_is_answered_like_every_error(
    ours: Api, idp: IdentityProvider, method: str, path: str
) -> None:
    answer = getattr(ours, method)(path, *([{}] if method in {"post", "put", "patch"} else []))
    assert answer.status == 404
    assert answer.json["code"] == "not_found"
    assert set(answer.json) == {"code", "message", "errors"}


def test_made_things_are_answered_with_their_address(ours: Api, idp: IdentityProvider) -> None:
    group = GroupFactory.create().pk
    made: dict[str, dict[str, Any]] = {
        ACME + "group-mappings/": {"claim": "groups", "value": "v", "group": group},
        ACME + "claim-mappings/": {"sources": ["x"], "target": "department"},
    }
    for path, body in made.items():
        answer = ours.post(path, body)
        assert answer.status == 201, answer.json
        address = answer.headers["Location"]
        assert address.endswith(f"/{path}{answer.json['id']}/")
        assert ours.get(path + f"{answer.json['id']}/").status == 200


def test_events_are_listed_by_tenant(ours: Api, idp: IdentityProvider) -> None:
    other = IdentityProviderFactory.create(slug="second")
    for row in (idp, other):
        ProvisioningEvent.objects.create(
            identity_provider=row, tenant_id=row.tenant_id, outcome="created"
        )
    mine = ours.get(f"events/?tenant={idp.tenant.slug}")
    assert [one["identity_provider"] for one in mine.json["results"]] == ["acme"]
    assert ours.get(f"events/?tenant={other.tenant.slug}").status == 400
