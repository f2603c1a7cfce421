"""A preview decides as a sign-in does, says why, and writes nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from jitprov.mapping_review.preview import (
    Origin,
    PersonPreview,
    Said,
    preview,
)
from jitprov.mapping_review.preview_fields import Effect, FieldPreview
from jitprov.models import ClaimMapping, IdentityProvider
from jitprov.provisioner import Provisioner, ProvisioningRefused, Rules, provision
from jitprov.provisioning.groups import GROUPS_OVERAGE_CLAIM
from jitprov.provisioning.types import (
    ClaimRule,
    Claims,
    GroupRule,
    RefusalReason,
    Refuse,
    Source,
    SyncMode,
    Transform,
    WhenEmpty,
    WhenInvalid,
)
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    UserFactory,
    connected,
    map_group,
)

pytestmark = pytest.mark.django_db

User: Any = get_user_model()


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def idp(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake, slug="acme", preset="entra", subject_claim="")


def said(external_id: str = "ann-1", **values: tuple[str, ...]) -> Said:
    given: Mapping[str, tuple[str, ...]] = {"mail": ("ann@acme.example",), **values}
    claims = Claims(source=Source.SAML, external_id=external_id, values=given)
    return Said(origin=Origin.SIGN_IN, claims=claims)


def rule(target: str, *sources: str, **columns: Any) -> ClaimRule:
    return ClaimRule(target=target, sources=sources, **columns)


def rules(*claim_rules: ClaimRule, groups: tuple[GroupRule, ...] = ()) -> Rules:
    return Rules(claim_rules=claim_rules, group_rules=groups)


def previewed(idp: IdentityProvider, proposed: Rules | None, one: Said) -> PersonPreview:
    [found] = preview(idp, proposed, [one])
    return found


def field_of(found: PersonPreview, target: str) -> FieldPreview:
    return next(one for one in found.fields if one.target == target)


def known(idp: IdentityProvider, **columns: Any) -> Any:
    """Return the account of somebody who has signed in."""
    user = provision(idp, said().claims).user
    User.objects.filter(pk=user.pk).update(**columns)
    return User.objects.get(pk=user.pk)


# What is written


def everything() -> dict[str, list[Any]]:
    return {
        model._meta.label: sorted(map(str, model._default_manager.values_list()))
        for model in apps.get_models(include_auto_created=True)
    }


def test_a_preview_writes_nothing(idp: IdentityProvider) -> None:
    known(idp, department="Ops")
    group = map_group(idp, "g-1", "groups")
    proposed = rules(
        rule("department", "dept"), groups=(GroupRule(claim="groups", value="g", group=group.pk),)
    )
    before = everything()
    found = preview(
        idp,
        proposed,
        [said(dept=("Sales",), groups=("g",)), said("new", dept=("Sales",)), said("")],
    )
    assert [one.decision for one in found] == ["update", "create", "refuse"]
    assert everything() == before


def test_a_preview_says_what_the_sign_in_then_does(idp: IdentityProvider) -> None:
    known(idp, department="Ops", job_title="Chief")
    group = map_group(idp, "g-1", "groups")
    for position, (target, columns) in enumerate(
        {
            "department": {"sources": "dept"},
            "job_title": {"sources": "title", "sync": "on_create"},
            "floor": {"sources": "floor"},
        }.items()
    ):
        ClaimMapping.objects.create(
            identity_provider=idp, target=target, position=50 + position, **columns
        )
    one = said(dept=("Sales",), title=("Boss",), floor=("3",), groups=("g-1",))
    found = previewed(idp, None, one)
    user: Any = provision(idp, one.claims).user
    user.refresh_from_db()
    shown = {field.target: field.after for field in found.fields}
    assert shown["department"] == user.department == "Sales"
    assert shown["job_title"] == user.job_title == "Chief"
    assert shown["floor"] == user.floor == 3
    assert found.groups_joined == (group.name,)
    assert [group.name for group in user.groups.all()] == [group.name]


def test_each_person_costs_a_bounded_number_of_statements(idp: IdentityProvider) -> None:
    proposed = rules(rule("department", "dept"), rule("employee_number", "number"))

    def cost(count: int) -> int:
        people = [said(f"new-{number}", number=(str(number),)) for number in range(count)]
        with CaptureQueriesContext(connection) as statements:
            preview(idp, proposed, people)
        return len(statements)

    cost(1)
    assert cost(12) - cost(2) <= 10 * 12


def test_a_disabled_identity_provider_is_judged_as_if_enabled(idp: IdentityProvider) -> None:
    idp.enabled = False
    assert previewed(idp, None, said()).decision == "create"


# Before, after and why


@pytest.mark.parametrize(
    ("mapped", "value", "before", "after", "outcome", "why"),
    [
        pytest.param({}, "Sales", "Ops", "Sales", "written", "From dept.", id="another value"),
        pytest.param({}, "Ops", "Ops", "Ops", "unchanged", "already", id="the same value"),
        pytest.param({}, "", "Ops", "Ops", "kept", "None of its claims", id="no value"),
        pytest.param(
            {"when_empty": WhenEmpty.CLEAR}, "", "Ops", "", "emptied", "empties it", id="emptied"
        ),
        pytest.param(
            {"sync": SyncMode.ON_CREATE},
            "Sales",
            "Ops",
            "Ops",
            "kept",
            "only written when the person is created",
            id="only when created",
        ),
        pytest.param(
            {"sync": SyncMode.IF_EMPTY},
            "Sales",
            "Ops",
            "Ops",
            "kept",
            "while the field is empty",
            id="only while empty",
        ),
        pytest.param(
            {"sync": SyncMode.IF_EMPTY}, "Sales", "", "Sales", "written", "From dept", id="filled"
        ),
        pytest.param(
            {"transforms": (Transform(name="upper"),)},
            "Sales",
            "Ops",
            "SALES",
            "written",
            "From dept, changed by Upper case.",
            id="changed",
        ),
        pytest.param(
            {"transforms": (Transform(name="default", parameters={"value": "All"}),)},
            "",
            "Ops",
            "All",
            "written",
            "From no claim; made by Value if empty.",
            id="made up",
        ),
    ],
)
def test_each_field_of_a_known_person_has_its_effect(
    idp: IdentityProvider,
    mapped: dict[str, Any],
    value: str,
    before: str,
    after: str,
    outcome: str,
    why: str,
) -> None:
    user = known(idp, department=before)
    proposed = rules(rule("department", "dept", **mapped))
    found = previewed(idp, proposed, said(dept=(value,) if value else ()))
    field = field_of(found, "department")
    assert (field.before, field.after, field.outcome) == (before, after, outcome)
    assert field.changes is (before != after)
    assert why in field.why
    assert field.label == "department"
    assert found.who == user.get_username()
    assert not found.is_new


def test_received_values_and_each_step_are_shown(idp: IdentityProvider) -> None:
    transforms = (
        Transform(name="split", parameters={"separator": ","}),
        Transform(name="last"),
    )
    found = previewed(
        idp, rules(rule("department", "x", "dept", transforms=transforms)), said(dept=("A, B",))
    )
    field = field_of(found, "department")
    assert (field.source, field.received) == ("dept", ("A, B",))
    assert field.steps == (("split", "A, B"), ("last", "B"))
    assert "B" not in repr(field).replace("FieldPreview", "")


def test_somebody_new_is_compared_with_the_saved_mapping(idp: IdentityProvider) -> None:
    ClaimMapping.objects.create(identity_provider=idp, target="department", sources="dept")
    ClaimMapping.objects.create(identity_provider=idp, target="job_title", sources="title")
    proposed = rules(rule("department", "division"), rule("language", "lang"))
    found = previewed(idp, proposed, said(dept=("Ops",), division=("Sales",), title=("Boss",)))
    assert (found.decision, found.is_new, found.who) == ("create", True, "ann-1")
    shown = {one.target: (one.before, one.after, one.changes) for one in found.fields}
    assert shown["department"] == ("Ops", "Sales", True)
    assert shown["job_title"] == ("Boss", None, True)
    assert shown["language"] == ("en", "en", False)
    assert field_of(found, "job_title").outcome == "not_mapped"


def test_a_field_that_no_row_fills_any_more_keeps_its_value(idp: IdentityProvider) -> None:
    known(idp, email="ann@acme.example")
    field = field_of(previewed(idp, rules(), said()), "email")
    assert (field.before, field.after, field.changes) == (
        "ann@acme.example",
        "ann@acme.example",
        False,
    )
    assert "keeps its value" in field.why


def of_this_tenant(idp: IdentityProvider, **columns: Any) -> Any:
    other = ExternalIdentityFactory.create(identity_provider__tenant=idp.tenant)
    return type(other.user).objects.filter(pk=other.user.pk).update(**columns)


def test_a_user_name_is_made_up_and_made_fit(idp: IdentityProvider) -> None:
    of_this_tenant(idp, username="ann")
    made_up = field_of(previewed(idp, rules(rule("email", "mail")), said()), "username")
    assert (made_up.before, made_up.after) == ("ann-1", "ann-2")
    assert "Made up" in made_up.why
    mapped = field_of(
        previewed(idp, rules(rule("username", "uid")), said(uid=("ann",))), "username"
    )
    assert mapped.after == "ann-2"
    assert "made fit" in mapped.why


def test_a_user_name_that_still_fits_is_left_alone(idp: IdentityProvider) -> None:
    known(idp, username="ann-2")
    field = field_of(previewed(idp, rules(rule("username", "uid")), said(uid=("ann",))), "username")
    assert (field.after, field.outcome) == ("ann-2", "unchanged")
    assert "still fits" in field.why


def test_values_are_shown_as_texts_for_people(idp: IdentityProvider) -> None:
    known(idp)
    proposed = rules(rule("is_contractor", "ext"), rule("born_on", "born"))
    found = previewed(idp, proposed, said(ext=("True",), born=("1990-02-03",)))
    contractor, born = field_of(found, "is_contractor"), field_of(found, "born_on")
    assert (contractor.before_text, contractor.after_text) == ("no", "yes")
    assert (contractor.after, born.after) == (True, "1990-02-03")
    assert (born.before, born.before_text) == (None, "")


# Groups


def test_groups_are_named(idp: IdentityProvider) -> None:
    old, new = map_group(idp, "g-old", "groups"), GroupFactory.create()
    provision(idp, said(groups=("g-old",)).claims)
    proposed = rules(groups=(GroupRule(claim="groups", value="g-old", group=new.pk),))
    found = previewed(idp, proposed, said(groups=("g-old",)))
    assert (found.groups_joined, found.groups_left) == ((new.name,), (old.name,))


def test_a_group_that_may_not_be_given_is_neither_given_nor_named(idp: IdentityProvider) -> None:
    secret = GroupFactory.create(name="Staff of another tenant")
    proposed = rules(groups=(GroupRule(claim="groups", value="g", group=secret.pk),))
    with override_settings(
        JITPROV_ASSIGNABLE_GROUPS=["nothing"], JITPROV_ASSIGNABLE_GROUPS_OF_APPS=None
    ):
        found = previewed(idp, proposed, said(groups=("g",)))
    assert found.groups_joined == ()
    assert [note.code for note in found.notes] == ["group_not_assignable"]
    assert secret.name not in str(found)


def test_groups_that_are_left_alone_are_noted(idp: IdentityProvider) -> None:
    map_group(idp, "g-1", "groups")
    one = said()
    values = {**one.claims.values, GROUPS_OVERAGE_CLAIM: ("https://x",)}
    found = previewed(idp, None, replace(one, claims=replace(one.claims, values=values)))
    [note] = found.notes
    assert note.code == "groups_overage"
    assert note.text


# Refusals are results


def test_a_refusal_says_why_and_what_to_do(idp: IdentityProvider) -> None:
    proposed = rules(rule("department", "dept", required=True), rule("job_title", "title"))
    found = previewed(idp, proposed, said(title=("Boss",)))
    assert (found.decision, found.reason) == ("refuse", "required_claim_missing")
    assert found.reason_text
    assert found.fix
    assert [(one.code, one.field) for one in found.problems] == [
        ("required_claim_missing", "department")
    ]
    department, title = field_of(found, "department"), field_of(found, "job_title")
    assert (department.outcome, title.outcome) == ("problem", "refused")
    assert "No value came" in department.why
    assert title.received == ("Boss",)


@pytest.mark.parametrize(
    ("mapped", "values", "why"),
    [
        pytest.param(
            rule("language", "lang"),
            {"lang": ("fr",)},
            "The value of lang does not fit",
            id="field",
        ),
        pytest.param(
            rule(
                "floor",
                transforms=(
                    Transform(name="constant", parameters={"value": "x"}),
                    Transform(name="integer"),
                ),
            ),
            {},
            "The value does not fit",
            id="a constant",
        ),
    ],
)
def test_a_value_that_does_not_fit_is_the_problem_of_its_field(
    idp: IdentityProvider, mapped: ClaimRule, values: dict[str, Any], why: str
) -> None:
    refusing = replace(mapped, when_invalid=WhenInvalid.REFUSE)
    found = previewed(idp, rules(refusing), said(**values))
    assert (found.decision, found.reason) == ("refuse", "invalid_value")
    assert why in field_of(found, mapped.target).why


@pytest.mark.parametrize(
    ("when_invalid", "effect", "why"),
    [
        (WhenInvalid.KEEP, Effect.KEPT, "does not fit (max_length). The field is left alone."),
        (WhenInvalid.CLEAR, Effect.EMPTIED, "does not fit (max_length). The row empties the"),
    ],
)
def test_an_optional_value_that_does_not_fit_is_told_and_refuses_nobody(
    idp: IdentityProvider, when_invalid: WhenInvalid, effect: Effect, why: str
) -> None:
    mapped = rule("department", "department", when_invalid=when_invalid)
    found = previewed(idp, rules(mapped), said(department=("x" * 31,)))
    assert found.decision != "refuse"
    assert [note.code for note in found.notes] == ["value_not_usable"]
    field = field_of(found, "department")
    assert field.outcome is effect
    assert why in field.why


def test_a_value_of_somebody_else_is_a_conflict(idp: IdentityProvider) -> None:
    of_this_tenant(idp, employee_number="7")
    found = previewed(idp, rules(rule("employee_number", "number")), said(number=("7",)))
    assert (found.decision, found.reason) == ("refuse", "conflict")
    assert "Somebody else" in field_of(found, "employee_number").why


@pytest.mark.parametrize("elsewhere", [True, False], ids=["another tenant's", "nobody's"])
def test_a_preview_does_not_tell_who_else_there_is(idp: IdentityProvider, elsewhere: bool) -> None:
    other = ExternalIdentityFactory.create().user if elsewhere else UserFactory.create()
    type(other).objects.filter(pk=other.pk).update(username="ann", employee_number="7")
    proposed = rules(rule("employee_number", "number"), rule("username", "uid"))
    found = previewed(idp, proposed, said(number=("7",), uid=("ann",)))
    assert (found.decision, found.reason) == ("create", "")
    assert field_of(found, "username").after == "ann"


def test_an_invalid_mapping_is_a_refusal_in_the_preview(idp: IdentityProvider) -> None:
    found = previewed(idp, rules(rule("is_superuser", "x")), said(x=("1",)))
    assert (found.decision, found.reason) == ("refuse", "mapping_invalid")
    assert "is_superuser" in found.problems[0].text


def test_an_invalid_saved_mapping_does_not_stop_the_preview_of_a_valid_one(
    idp: IdentityProvider,
) -> None:
    ClaimMapping.objects.filter(target="email").update(transforms=[{"name": "no such"}])
    assert previewed(idp, None, said()).reason == "mapping_invalid"
    assert previewed(idp, rules(rule("email", "mail")), said()).decision == "create"


class Hosts(Provisioner):
    """A host that finds accounts by the e-mail claim, and refuses some people."""

    def find(self, claims: Claims) -> AbstractBaseUser | None:
        if "nobody" in claims.values:
            raise ProvisioningRefused(Refuse(reason=RefusalReason.ACCOUNT_DISABLED))
        found: AbstractBaseUser | None = User.objects.filter(email=claims.values["mail"][0]).first()
        return found


@pytest.mark.parametrize("may_link", [True, False])
def test_an_account_that_is_not_linked_is_not_shown(
    idp: IdentityProvider, settings: Any, may_link: bool
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Hosts"
    UserFactory.create(username="secret", email="ann@acme.example", department="Hidden")
    idp.link_existing_users = may_link
    found = previewed(
        idp, rules(rule("department", "dept"), rule("email", "mail")), said(dept=("Hidden",))
    )
    text = json.dumps(found.as_json())
    assert "secret" not in text
    department = field_of(found, "department")
    assert department.before is None
    assert found.decision == ("update" if may_link else "refuse")
    assert department.changes is may_link  # also where it is what the account holds already
    if may_link:
        assert "is not shown" in department.why


def test_a_proposed_mapping_may_let_in_whom_the_saved_one_refuses(
    idp: IdentityProvider,
) -> None:
    row = ClaimMapping.objects.create(
        identity_provider=idp, target="department", sources="dept", required=True
    )
    found = previewed(idp, rules(rule("department", "division")), said(division=("Sales",)))
    assert found.decision.label == "would be created"
    assert (field_of(found, "department").before, field_of(found, "department").after) == (
        None,
        "Sales",
    )
    ClaimMapping.objects.filter(pk=row.pk).update(target="mentor")
    one = said(dept=("1",), division=("Sales",))
    found = previewed(idp, rules(rule("department", "division")), one)
    assert field_of(found, "department").after == "Sales"
    assert field_of(found, "mentor").label == "mentor"


def test_a_row_of_a_field_that_is_gone_shows_no_values(idp: IdentityProvider) -> None:
    field = field_of(previewed(idp, rules(rule("gone", "x")), said()), "gone")
    assert (field.label, field.before, field.after) == ("gone", None, None)


def test_a_refusal_by_the_host_is_shown(idp: IdentityProvider, settings: Any) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Hosts"
    found = previewed(idp, None, said(nobody=()))
    assert (found.decision, found.reason) == ("refuse", "account_disabled")


def test_a_preview_can_be_written_as_json(idp: IdentityProvider) -> None:
    found = previewed(idp, rules(rule("born_on", "born")), said(born=("1990-02-03",))).as_json()
    assert json.loads(json.dumps(found)) == found
    assert found["proved"] is True
