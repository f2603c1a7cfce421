"""Versions in the API: what somebody has not seen is not replaced, if they say which version they have seen."""

from __future__ import annotations

from typing import Any

import pytest

from jitprov.api import base
from jitprov.configuration.editing import version_of
from jitprov.models import ConfigurationChange, IdentityProvider
from tests.api.client import Answer, Api
from tests.support.factories import GroupFactory, map_group

pytestmark = pytest.mark.django_db

ACME = "identity-providers/acme/"
CLAIMS = f"{ACME}claim-mappings/"
GROUPS = f"{ACME}group-mappings/"
ROW = {"target": "first_name", "sources": ["given"]}


def version(api: Api, path: str) -> str:
    return str(api.get(path).headers["ETag"])


def ask(api: Api, method: str, path: str, body: Any, seen: str) -> Answer:
    return api.ask(method, path, body, headers={"If-Match": seen})


def test_a_list_from_before_does_not_bring_a_removed_mapping_back(
    ours: Api, idp: IdentityProvider
) -> None:
    old = version(ours, CLAIMS)
    gone = idp.claim_mappings.get(target="email")
    assert ours.delete(f"{CLAIMS}{gone.pk}/").status == 204

    refused = ask(ours, "PUT", CLAIMS, {"results": [ROW, {**ROW, "target": "email"}]}, old)

    assert (refused.status, refused.json["code"]) == (412, "outdated")
    assert not idp.claim_mappings.filter(target="email").exists()
    assert "ETag" not in refused.headers
    assert ask(ours, "PUT", CLAIMS, {"results": [ROW]}, version(ours, CLAIMS)).status == 200


SENT_BACK = [
    ACME,
    CLAIMS,
    GROUPS,
    f"{ACME}certificates/",
    f"{ACME}email-domains/",
]


@pytest.mark.parametrize("path", SENT_BACK)
def test_an_answer_can_be_sent_back_and_changes_nothing(
    superuser: Api, idp: IdentityProvider, path: str
) -> None:
    map_group(idp, "sales")
    idp.email_domains.create(domain="acme.example")
    read = superuser.get(path)
    before = ConfigurationChange.objects.count()

    answer = ask(superuser, "PUT", path, read.json, read.headers["ETag"])

    assert answer.status == 200, answer.json
    assert {**answer.json, "updated_at": 0} == {**read.json, "updated_at": 0}
    assert ConfigurationChange.objects.count() == before


def test_a_row_that_was_read_can_be_sent_back(ours: Api, idp: IdentityProvider) -> None:
    map_group(idp, "sales")
    for path in (CLAIMS, GROUPS):
        row = ours.get(path).json["results"][0]
        assert ours.patch(f"{path}{row['id']}/", row).json == row


@pytest.mark.parametrize(
    ("change", "codes"),
    [
        ({"enabled": False}, {"enabled": ["only_read"]}),
        ({"nothing": 1}, {"nothing": ["unknown"]}),
        ({"allow_privileged": True}, {"allow_privileged": ["permission_denied"]}),
    ],
)
def test_a_value_that_looks_like_a_wish_and_cannot_be_set_is_refused(
    ours: Api, idp: IdentityProvider, change: Any, codes: Any
) -> None:
    read = ours.get(ACME).json
    assert ours.put(ACME, {**read, **change}).codes == codes
    assert ours.get(ACME).json == read


def test_a_whole_identity_provider_needs_every_value(ours: Api, idp: IdentityProvider) -> None:
    read = ours.get(ACME).json
    del read["create_users"]
    assert ours.put(ACME, read).codes == {"create_users": ["required"]}


def test_a_page_of_a_list_does_not_replace_the_list(ours: Api, idp: IdentityProvider) -> None:
    for number in range(3):
        map_group(idp, f"sales {number}")
    page = ours.get(GROUPS, limit=2).json

    assert ours.put(GROUPS, page).codes == {"next": ["incomplete"]}
    assert idp.group_mappings.count() == 3


CHANGES: list[Any] = [
    ("PATCH", ACME, ACME, {"create_users": False}),
    ("POST", f"{ACME}disable/", ACME, None),
    ("DELETE", ACME, ACME, None),
    ("POST", CLAIMS, CLAIMS, {"target": "department", "sources": ["dept"]}),
    ("PUT", f"{ACME}certificates/", f"{ACME}certificates/", {"results": []}),
    ("PUT", f"{ACME}email-domains/", f"{ACME}email-domains/", {"results": ["b.example"]}),
]


@pytest.mark.parametrize(("method", "path", "read_from", "body"), CHANGES)
def test_a_change_that_names_the_present_version_is_made_and_any_other_is_not(
    superuser: Api, idp: IdentityProvider, method: str, path: str, read_from: str, body: Any
) -> None:
    idp.email_domains.create(domain="a.example")
    if path.endswith("certificates/"):
        IdentityProvider.objects.update(enabled=False)
    before = version(superuser, read_from)
    elsewhere = "0" * 32

    for wrong in (f'"{elsewhere}"', f"W/{before}", before.strip('"'), '""', "nonsense"):
        assert ask(superuser, method, path, body, wrong).status == 412
    assert version(superuser, read_from) == before

    answer = ask(superuser, method, path, body, f'"{elsewhere}", {before}')
    assert answer.status in {200, 201, 204}
    if method != "DELETE":
        assert answer.headers["ETag"] == version(superuser, read_from) != before


@pytest.mark.parametrize("prefix", ["claim_mappings", "group_mappings"])
def test_a_row_has_the_version_of_its_list(ours: Api, idp: IdentityProvider, prefix: str) -> None:
    map_group(idp, "finance")
    row = getattr(idp, prefix).first()
    path = f"{ACME}{prefix.replace('_', '-')}/"
    change = {"required": True} if prefix == "claim_mappings" else {"name": "Finance"}
    old = version(ours, f"{path}{row.pk}/")
    assert old == version(ours, path)

    changed = ask(ours, "PATCH", f"{path}{row.pk}/", change, old)

    assert changed.status == 200
    assert ask(ours, "DELETE", f"{path}{row.pk}/", None, old).status == 412
    assert ask(ours, "DELETE", f"{path}{row.pk}/", None, changed.headers["ETag"]).status == 204


def test_a_change_of_something_else_is_in_nobodys_way(ours: Api, idp: IdentityProvider) -> None:
    old = version(ours, CLAIMS)
    group = GroupFactory.create()
    assert ours.post(GROUPS, {"claim": "groups", "value": "v", "group": group.pk}).status == 201
    assert ours.patch(ACME, {"create_users": False}).status == 200

    assert ask(ours, "PUT", CLAIMS, {"results": [ROW]}, old).status == 200


@pytest.mark.parametrize("path", [ACME, CLAIMS])
def test_an_answer_is_never_older_than_its_version(
    ours: Api, idp: IdentityProvider, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise whoever sends that version back would replace what they have not seen."""

    def version_before_a_change(row: IdentityProvider, kinds: Any) -> str:
        found = version_of(row, kinds)
        IdentityProvider.objects.update(create_users=False)
        idp.claim_mappings.filter(target="email").update(sources="changed")
        return found

    monkeypatch.setattr(base, "version_of", version_before_a_change)
    answer = ours.get(path)
    monkeypatch.undo()

    assert answer.headers["ETag"] != version(ours, path)
    if path == ACME:
        assert answer.json["create_users"] is False
    else:
        assert "changed" in str(answer.json["results"])


def test_without_a_version_changes_are_made_as_before(ours: Api, idp: IdentityProvider) -> None:
    assert ours.put(CLAIMS, {"results": [ROW]}).status == 200
    assert ask(ours, "PUT", CLAIMS, {"results": [ROW]}, "*").status == 200
