"""Isolation of tenants in the API: no endpoint shows or changes rows of another tenant, however they are named."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from jitprov.api.openapi import description
from jitprov.models import IdentityProvider, TestSignIn
from jitprov.testing import FakeIdentityProvider
from tests.api.client import ROOT, Api
from tests.api.planted import OURS, THEIRS, Planted, plant
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

CLAIM = {"target": "last_name", "sources": ["a"]}


def operations() -> list[tuple[str, str]]:
    """Return every method and path of the API."""
    return [
        (method.upper(), path)
        for path, methods in description()["paths"].items()
        for method in methods
    ]


OPERATIONS = operations()
OF_ONE_ROW = [(method, path) for method, path in OPERATIONS if "{" in path]
LISTS = [path for method, path in OPERATIONS if "{" not in path and method == "GET"]


@pytest.fixture(autouse=True)
def _groups_by_tenant(settings: Any) -> None:
    settings.JITPROV_PROVISIONER = "tests.api.planted.GroupsByTenant"


@pytest.fixture
def us(fake_identity_provider: FakeIdentityProvider, db: None) -> Planted:
    return plant(OURS, fake_identity_provider)


@pytest.fixture
def them(fake_identity_provider: FakeIdentityProvider, us: Planted) -> Planted:
    return plant(THEIRS, fake_identity_provider)


@pytest.fixture
def api(us: Planted, api_for: Any) -> Api:
    found: Api = api_for(us.admin)
    return found


def filled(path: str, about: Planted, slug: str = "") -> str:
    """Return the path with the keys of a tenant's row."""
    keys = {"id": about.key(path), "reference": about.reference(path)}
    return path.removeprefix("/").format(slug=slug or about.mark, **keys)


def body_for(method: str, path: str, about: Planted) -> Any:
    """Return a body that the endpoint would accept for a row in the scope."""
    if path.endswith("/claim-mappings/{id}/") or (method == "POST" and "claim" in path):
        return CLAIM
    if path.endswith("/group-mappings/{id}/") or (method == "POST" and "group" in path):
        return {"claim": "a", "value": "b", "group": about.group_mapping.group_id}
    if method == "PUT":
        return {"results": []}
    if path.endswith("/metadata/"):
        return {"xml": "<a/>"}
    return {}


def test_there_are_endpoints_to_try() -> None:
    assert len(OF_ONE_ROW) > 20
    assert len(LISTS) >= 5


@pytest.mark.parametrize(("method", "path"), OF_ONE_ROW)
def test_every_endpoint_of_another_tenants_row_answers_404(
    api: Api, us: Planted, them: Planted, method: str, path: str
) -> None:
    answer = api.ask(method, filled(path, them), body_for(method, path, them))

    assert (answer.status, answer.json["code"]) == (404, "not_found")
    assert THEIRS not in str(answer.json)
    assert IdentityProvider.objects.filter(slug=THEIRS).exists()


@pytest.mark.parametrize(
    ("method", "path"), [one for one in OF_ONE_ROW if one[1].startswith("/identity")]
)
def test_another_tenants_row_below_our_identity_provider_answers_404(
    api: Api, us: Planted, them: Planted, method: str, path: str
) -> None:
    if "{id}" in path or "{reference}" in path:
        body = body_for(method, path, us)
        assert api.ask(method, filled(path, them, slug=OURS), body).status == 404


@pytest.mark.parametrize("path", LISTS)
def test_no_list_contains_rows_of_another_tenant(
    api: Api, us: Planted, them: Planted, path: str
) -> None:
    answer = api.get(path.removeprefix("/"))

    assert answer.status == 200
    assert THEIRS not in str(answer.json)
    assert OURS in str(answer.json)


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("events/", {"identity_provider": THEIRS}),
        ("events/", {"email": f"somebody@{THEIRS}.example"}),
        ("events/", {"code": "issuer_mismatch", "after": str(2**53)}),
        ("changes/", {"identity_provider": THEIRS}),
        ("identity-providers/", {"search": THEIRS}),
    ],
)
def test_no_filter_finds_rows_of_another_tenant(
    api: Api, us: Planted, them: Planted, path: str, query: dict[str, str]
) -> None:
    answer = api.get(path, **query)

    assert answer.status == 200
    assert THEIRS not in str(answer.json)


@pytest.mark.parametrize("path", ["identity-providers/", "status/"])
def test_another_tenant_is_refused_as_a_filter(api: Api, them: Planted, path: str) -> None:
    assert api.get(path, tenant=THEIRS).codes == {"tenant": ["invalid_choice"]}


@pytest.mark.parametrize("key", ["slug", "pk"])
def test_a_draft_for_another_tenant_is_refused(api: Api, them: Planted, key: str) -> None:
    answer = api.post("identity-providers/", {"tenant": str(getattr(them.idp.tenant, key))})

    assert answer.codes == {"tenant": ["invalid_choice"]}


@pytest.mark.parametrize("method", ["post", "put", "patch"])
def test_another_tenants_group_cannot_be_assigned(
    api: Api, us: Planted, them: Planted, method: str
) -> None:
    path = f"identity-providers/{OURS}/group-mappings/"
    row: Any = {"claim": "a", "value": "b", "group": them.group_mapping.group_id}
    if method == "patch":
        path = f"{path}{us.group_mapping.pk}/"
    answer = getattr(api, method)(path, {"results": [row]} if method == "put" else row)

    assert answer.status == 400
    assert list(answer.codes.values()) == [["invalid_choice"]]
    assert THEIRS not in str(answer.json)


def test_another_tenants_group_cannot_be_previewed(api: Api, us: Planted, them: Planted) -> None:
    row = {"claim": "a", "value": "b", "group": them.group_mapping.group_id}
    answer = api.post(f"identity-providers/{OURS}/preview/", {"group_mappings": [row]})

    assert answer.codes == {"group_mappings.0.group": ["invalid_choice"]}


def test_a_report_is_shown_only_to_the_user_who_began_the_test(
    api: Api, us: Planted, administrator_of: Any, api_for: Any
) -> None:
    path = f"identity-providers/{OURS}/test-sign-ins/"
    colleague: Api = api_for(administrator_of(us.idp.tenant))

    assert api.get(f"{path}{us.test.reference}/").status == 200
    assert colleague.get(f"{path}{us.test.reference}/").status == 404
    assert colleague.get(path).json["results"] == []


def test_a_user_loses_their_tests_of_a_tenant_that_they_no_longer_administer(
    api: Api, us: Planted, them: Planted
) -> None:
    TestSignIn.objects.filter(pk=them.test.pk).update(started_by=us.admin)

    path = f"identity-providers/{THEIRS}/test-sign-ins/{them.test.reference}/"
    assert api.get(path).status == 404


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_endpoint_refuses_requests_without_a_user(
    us: Planted, method: str, path: str
) -> None:
    answer = Api(Client()).ask(method, filled(path, us), body_for(method, path, us))

    assert answer.status in {401, 403}
    assert set(answer.json) == {"code", "message", "errors"}
    assert OURS not in str(answer.json)


@pytest.mark.parametrize("staff", [True, False])
@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_every_endpoint_refuses_users_without_a_tenant(
    us: Planted, api_for: Any, method: str, path: str, staff: bool
) -> None:
    nobody: Api = api_for(UserFactory.create(is_staff=staff))
    answer = nobody.ask(method, filled(path, us), body_for(method, path, us))

    assert (answer.status, answer.json["code"]) == (403, "permission_denied")


def test_a_post_with_a_session_needs_a_csrf_token(us: Planted) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(us.admin)

    answer = Api(client).post(f"identity-providers/{OURS}/disable/")

    assert (answer.status, answer.json["code"]) == (403, "permission_denied")
    assert client.get(f"{ROOT}tenants/").status_code == 200
