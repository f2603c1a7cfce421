"""Claim and group mappings in the API: one row, or a whole list that is saved completely or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission

from jitprov.models import ClaimMapping, ConfigurationChange, GroupMapping, IdentityProvider, Via
from jitprov.provisioning.mapping import MAX_RULES
from tests.api.client import Api
from tests.support.factories import GroupFactory, map_group

pytestmark = pytest.mark.django_db

CLAIMS = "identity-providers/acme/claim-mappings/"
GROUPS = "identity-providers/acme/group-mappings/"
FIRST = {"target": "first_name", "sources": ["given"]}
LAST = {
    "target": "last_name",
    "sources": ["sn", "surname"],
    "transforms": [{"name": "strip"}, {"name": "replace", "old": "-", "new": " "}],
    "sync": "on_create",
    "required": True,
    "when_empty": "clear",
}


def targets(idp: IdentityProvider) -> list[str]:
    return list(idp.claim_mappings.values_list("target", flat=True))


# Claim mappings


def test_claim_mappings_are_listed_in_order(ours: Api, idp: IdentityProvider) -> None:
    rows = ours.get(CLAIMS).json["results"]

    assert [row["target"] for row in rows] == ["first_name", "last_name", "email", "username"]
    assert rows[0]["transforms"] == []
    assert rows[0]["sync"] == "always"


def test_a_new_claim_mapping_is_added_at_the_end(ours: Api, idp: IdentityProvider) -> None:
    ClaimMapping.objects.filter(target="last_name").delete()

    answer = ours.post(CLAIMS, LAST)

    assert answer.status == 201
    assert {name: answer.json[name] for name in LAST} == LAST
    assert targets(idp)[-1] == "last_name"
    assert ours.get(f"{CLAIMS}{answer.json['id']}/").json == answer.json
    assert ConfigurationChange.objects.get().via == Via.API


def test_only_the_sent_fields_of_a_claim_mapping_are_changed(
    ours: Api, idp: IdentityProvider
) -> None:
    row = idp.claim_mappings.get(target="email")

    answer = ours.patch(f"{CLAIMS}{row.pk}/", {"transforms": [{"name": "lower"}]})

    assert answer.json["transforms"] == [{"name": "lower"}]
    assert answer.json["sources"] == row.sources.splitlines()
    row.refresh_from_db()
    assert row.transforms == [{"name": "lower"}]


def test_a_claim_mapping_is_removed(ours: Api, idp: IdentityProvider) -> None:
    row = idp.claim_mappings.get(target="email")

    assert ours.delete(f"{CLAIMS}{row.pk}/").status == 204
    assert "email" not in targets(idp)


def test_a_whole_list_replaces_the_stored_claim_mappings(ours: Api, idp: IdentityProvider) -> None:
    kept = idp.claim_mappings.get(target="first_name")

    answer = ours.put(CLAIMS, {"results": [LAST, FIRST]})

    assert answer.status == 200
    assert [row["target"] for row in answer.json["results"]] == ["last_name", "first_name"]
    assert targets(idp) == ["last_name", "first_name"]
    assert idp.claim_mappings.get(target="first_name").pk == kept.pk
    assert set(ConfigurationChange.objects.values_list("action", flat=True)) == {
        "changed",
        "removed",
    }


def test_a_list_with_one_invalid_row_changes_nothing(ours: Api, idp: IdentityProvider) -> None:
    before = targets(idp)

    answer = ours.put(CLAIMS, {"results": [FIRST, {**LAST, "target": "is_superuser"}]})

    assert answer.status == 400
    assert list(answer.codes) == ["results.1.target"]
    assert targets(idp) == before
    assert not ConfigurationChange.objects.exists()


def test_two_rows_for_one_user_field_are_refused(ours: Api, idp: IdentityProvider) -> None:
    assert list(ours.put(CLAIMS, {"results": [FIRST, FIRST]}).codes) == ["results.1.target"]
    assert list(ours.post(CLAIMS, FIRST).codes) == ["target"]
    email = idp.claim_mappings.get(target="email")
    assert list(ours.patch(f"{CLAIMS}{email.pk}/", {"target": "username"}).codes) == ["target"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"target": "password"}, "target"),
        ({"target": "no such field"}, "target"),
        ({"target": 1}, "target"),
        ({"sources": "sn"}, "sources"),
        ({"sources": [1]}, "sources.0"),
        ({"sources": []}, "sources"),
        ({"sources": ["a"] * 11}, "sources"),
        ({"sources": ["a" * 513]}, "sources.0"),
        ({"sources": ["two\nlines"]}, "sources.0"),
        ({"transforms": "strip"}, "transforms"),
        ({"transforms": {"name": "strip"}}, "transforms"),
        ({"transforms": [1]}, "transforms"),
        ({"transforms": [{"name": "make coffee"}]}, "transforms"),
        ({"transforms": [{"name": "strip", "extra": 1}]}, "transforms"),
        ({"transforms": [{"name": "split", "separator": 1}]}, "transforms"),
        ({"transforms": [{"name": "strip"}] * 11}, "transforms"),
        ({"transforms": [{"name": "regex_extract", "pattern": "("}]}, "transforms"),
        ({"sync": "sometimes"}, "sync"),
        ({"sync": []}, "sync"),
        ({"required": "yes"}, "required"),
        ({"when_empty": None}, "when_empty"),
        ({"identity_provider": 2}, "identity_provider"),
        ({"pk": 2}, "pk"),
    ],
)
def test_an_invalid_claim_mapping_is_refused_at_its_field(
    ours: Api, idp: IdentityProvider, change: dict[str, Any], field: str
) -> None:
    idp.claim_mappings.all().delete()

    for answer in (
        ours.post(CLAIMS, {**LAST, **change}),
        ours.put(CLAIMS, {"results": [{**LAST, **change}]}),
    ):
        assert answer.status == 400
        assert [path.removeprefix("results.0.") for path in answer.codes] == [field]
    assert not idp.claim_mappings.exists()


def test_more_claim_mappings_than_the_limit_are_refused(ours: Api, idp: IdentityProvider) -> None:
    assert ours.put(CLAIMS, {"results": [FIRST] * (MAX_RULES + 1)}).codes == {
        "results": ["max_length"]
    }


# Group mappings


def test_a_group_mapping_is_added_changed_and_removed(ours: Api, idp: IdentityProvider) -> None:
    group, other = GroupFactory.create(), GroupFactory.create()

    made = ours.post(GROUPS, {"claim": "groups", "value": "g-1", "group": group.pk}).json
    assert made["group_name"] == group.name
    path = f"{GROUPS}{made['id']}/"
    assert ours.get(path).json == made
    changed = ours.patch(path, {"group": other.pk, "name": "Engineers"}).json
    assert (changed["group"], changed["name"], changed["value"]) == (other.pk, "Engineers", "g-1")
    assert ours.delete(path).status == 204
    assert not GroupMapping.objects.exists()
    assert ConfigurationChange.objects.count() == 3


def test_a_whole_list_of_group_mappings_keeps_equal_rows(ours: Api, idp: IdentityProvider) -> None:
    group = map_group(idp, "g-1")
    kept, new = idp.group_mappings.get(), GroupFactory.create()
    same = {"claim": kept.claim, "value": kept.value, "group": group.pk}

    answer = ours.put(GROUPS, {"results": [{**same, "group": new.pk}, {**same, "name": "named"}]})

    assert answer.status == 200
    assert {row["group"] for row in answer.json["results"]} == {group.pk, new.pk}
    kept.refresh_from_db()
    assert kept.name == "named"
    assert ours.put(GROUPS, {"results": []}).json["results"] == []


def test_two_equal_group_mappings_are_refused(ours: Api, idp: IdentityProvider) -> None:
    group = map_group(idp, "g-1")
    row = {"claim": idp.group_mappings.get().claim, "value": "g-1", "group": group.pk}

    assert list(ours.post(GROUPS, row).codes) == ["value"]
    assert list(ours.put(GROUPS, {"results": [row, row]}).codes) == ["results.1.value"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"group": 10**9}, "group"),
        ({"group": 2**63}, "group"),
        ({"group": "1"}, "group"),
        ({"group": True}, "group"),
        ({"group": None}, "group"),
        ({"claim": ""}, "claim"),
        ({"value": "v" * 513}, "value"),
        ({"name": "n" * 201}, "name"),
    ],
)
def test_an_invalid_group_mapping_is_refused_at_its_field(
    ours: Api, idp: IdentityProvider, change: dict[str, Any], field: str
) -> None:
    row = {"claim": "groups", "value": "v", "group": GroupFactory.create().pk, **change}

    for answer in (ours.post(GROUPS, row), ours.put(GROUPS, {"results": [row]})):
        assert answer.status == 400
        if answer.codes:
            assert [path.removeprefix("results.0.") for path in answer.codes] == [field]


def test_a_group_with_powerful_permissions_cannot_be_assigned(
    ours: Api, idp: IdentityProvider
) -> None:
    powerful = GroupFactory.create()
    powerful.permissions.add(Permission.objects.get(codename="add_group"))

    row = {"claim": "groups", "value": "v", "group": powerful.pk}
    choices = ours.get("identity-providers/acme/choices/").json["groups"]

    assert list(ours.post(GROUPS, row).codes) == ["group"]
    assert powerful.pk not in {one["id"] for one in choices}


def test_text_that_cannot_be_a_primary_key_answers_404(ours: Api, idp: IdentityProvider) -> None:
    for key in ("0", "x", "-1", "1.0", "9" * 30, "%00", "٣"):
        assert ours.get(f"{CLAIMS}{key}/").status == 404
        assert ours.get(f"{GROUPS}{key}/").status == 404


# Choices and the review


def test_choices_are_the_mappable_fields_assignable_groups_transforms_and_claims(
    ours: Api, idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(preset="entra")
    group = GroupFactory.create()

    choices = ours.get("identity-providers/acme/choices/").json

    names = {one["name"] for one in choices["user_fields"]}
    assert {"first_name", "email"} <= names
    assert {"is_superuser", "password", "groups"}.isdisjoint(names)
    assert choices["groups"] == [{"id": group.pk, "name": group.name}]
    assert "split" in {one["name"] for one in choices["transforms"]}
    assert all(one["label"] for one in choices["claims"])
    assert Group.objects.count() == 1


def test_a_review_lists_remarks(ours: Api, idp: IdentityProvider) -> None:
    IdentityProvider.objects.update(subject_claim="")

    remarks = ours.get("identity-providers/acme/mapping-review/").json["remarks"]

    assert "anchor_is_name_id" in {one["code"] for one in remarks}
    assert {"severity", "text", "row", "target"} <= set(remarks[0])


# All rows together

SLOW = [{"name": "regex_extract", "pattern": "(.*)@(.*)"}] * 9


def test_rows_that_together_may_take_too_long_are_refused(ours: Api, idp: IdentityProvider) -> None:
    row = idp.claim_mappings.get(target="email")
    fast = ours.patch(f"{CLAIMS}{row.pk}/", {"transforms": SLOW})
    assert fast.status == 200
    other = idp.claim_mappings.get(target="last_name")
    ClaimMapping.objects.filter(target="first_name").delete()
    before = ours.get(CLAIMS).json["results"]

    answers = [
        ours.patch(f"{CLAIMS}{other.pk}/", {"transforms": SLOW}),
        ours.post(CLAIMS, {**FIRST, "transforms": SLOW}),
        ours.put(
            CLAIMS, {"results": [{**FIRST, "transforms": SLOW}, {**LAST, "transforms": SLOW}]}
        ),
    ]

    assert [(answer.status, answer.codes) for answer in answers] == [
        (400, {"non_field_errors": ["too_much_work"]}),
        (400, {"non_field_errors": ["too_much_work"]}),
        (400, {"results": ["too_much_work"]}),
    ]
    assert ours.get(CLAIMS).json["results"] == before


def test_a_row_that_was_wrong_before_is_in_nobodys_way(ours: Api, idp: IdentityProvider) -> None:
    ClaimMapping.objects.filter(target="email").update(transforms=[{"name": "nonsense"}])
    row = idp.claim_mappings.get(target="last_name")

    assert ours.patch(f"{CLAIMS}{row.pk}/", {"required": True}).status == 200
