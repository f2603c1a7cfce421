"""A faulty mapping gets a remark on its row before anybody is refused because of it."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext

from jitprov.mapping_review.review import Remark, Severity, review
from jitprov.models import ClaimMapping, IdentityProvider, ObservedClaim, digest
from jitprov.provisioner import ProvisioningRefused, Rules, provision
from jitprov.provisioning.groups import GROUPS_OVERAGE_CLAIM
from jitprov.provisioning.presets import PRESETS, Preset
from jitprov.provisioning.types import (
    ClaimRule,
    Claims,
    GroupRule,
    Source,
    SyncMode,
    Transform,
    WhenEmpty,
    WhenInvalid,
)
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import (
    EMAIL_CLAIM,
    GROUPS_CLAIM,
    NAME_CLAIM,
    OBJECT_ID_CLAIM,
    SURNAME_CLAIM,
)
from tests.support.factories import GroupFactory, connected, map_group

pytestmark = pytest.mark.django_db

GUID = "0b8c6a52-6f8e-4a37-9d7e-2a54d1c6f0aa"
EMAIL = ClaimRule(target="email", sources=(EMAIL_CLAIM,))

REFUSE = WhenInvalid.REFUSE


@pytest.fixture
def idp() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme", preset="entra")


def rule(target: str, *sources: str, **columns: Any) -> ClaimRule:
    return ClaimRule(target=target, sources=sources, **columns)


def step(name: str, **parameters: Any) -> Transform:
    return Transform(name=name, parameters=parameters)


def of(
    idp: IdentityProvider, *rules: ClaimRule, groups: tuple[GroupRule, ...] = ()
) -> list[Remark]:
    """Return the remarks on some rows, beside one for the e-mail address that comes last."""
    return review(idp, Rules(claim_rules=(*rules, EMAIL), group_rules=groups))


def codes(found: list[Remark]) -> list[str]:
    return [remark.code for remark in found]


def observe(idp: IdentityProvider, *names: str) -> None:
    today = datetime.date(2026, 8, 1)
    for name in {*names, OBJECT_ID_CLAIM, EMAIL_CLAIM}:
        ObservedClaim.objects.create(
            identity_provider=idp,
            name=name,
            name_digest=digest(name),
            first_seen=today,
            last_seen=today,
        )


def signed_in(idp: IdentityProvider, external_id: str, **values: tuple[str, ...]) -> None:
    claims = Claims(source=Source.SAML, external_id=external_id, values=values)
    provision(idp, claims)


def test_a_good_mapping_needs_no_remark(idp: IdentityProvider) -> None:
    observe(idp, SURNAME_CLAIM)
    assert of(idp, rule("last_name", SURNAME_CLAIM)) == []


@pytest.mark.parametrize("preset", list(Preset))
def test_a_preset_has_nothing_worse_than_hints(idp: IdentityProvider, preset: Preset) -> None:
    details = PRESETS[preset]
    idp.preset, idp.subject_claim = preset.value, details.subject_claim
    found = review(idp, Rules(claim_rules=details.rules, group_rules=()))
    assert {remark.severity for remark in found} <= {Severity.HINT}


def test_the_saved_mapping_is_reviewed_too(idp: IdentityProvider) -> None:
    assert codes(review(idp)) == ["user_name_may_change"]
    ClaimMapping.objects.filter(target="email").update(transforms=[{"name": "no such"}])
    assert codes(review(idp)) == ["mapping_invalid"]


# Rows


@pytest.mark.parametrize(
    ("mapped", "code"),
    [
        pytest.param(rule("job_title"), "mapping_invalid", id="nothing makes a value"),
        pytest.param(rule("is_staff", "x"), "mapping_invalid", id="never to be written"),
        pytest.param(rule("mentor", "x"), "target_not_mappable", id="a relation"),
        pytest.param(rule("gone", "x"), "target_not_mappable", id="a field that is gone"),
        pytest.param(
            rule("job_title", "x", transforms=(step("constant", value="Chief"),)),
            "claims_unused",
            id="claims before a constant",
        ),
        pytest.param(
            rule("job_title", "x", transforms=(step("template", template="{a}"),)),
            "claims_unused",
            id="claims before a template",
        ),
        pytest.param(
            rule("job_title", transforms=(step("lower"), step("constant", value="Chief"))),
            "steps_unused",
            id="steps before a constant",
        ),
        pytest.param(rule("job_title", "x", "x"), "claim_twice", id="the same claim twice"),
        pytest.param(
            rule("job_title", "NameID", "title"), "claim_hidden", id="after what everybody has"
        ),
        pytest.param(
            rule("language", transforms=(step("constant", value="fr"),), when_invalid=REFUSE),
            "made_value_refused",
            id="a constant that does not fit",
        ),
        pytest.param(
            rule("language", "x", transforms=(step("default", value="fr"),), when_invalid=REFUSE),
            "made_value_refused",
            id="a default that does not fit",
        ),
        pytest.param(
            rule("language", transforms=(step("constant", value="fr"),)),
            "made_value_unused",
            id="a constant that does not fit and is left out",
        ),
        pytest.param(
            rule("language", "x", transforms=(step("default", value="fr"),)),
            "made_value_unused",
            id="a default that does not fit and is left out",
        ),
        pytest.param(
            rule(
                "job_title",
                transforms=(step("constant", value="a"), step("regex_extract", pattern="b")),
            ),
            "made_value_unused",
            id="nothing is left of a constant",
        ),
        pytest.param(
            rule(
                "job_title",
                "x",
                transforms=(
                    step("default", value="a"),
                    step("table", table={"b": "c"}, unknown="empty"),
                ),
            ),
            "made_value_unused",
            id="nothing is left of a default",
        ),
        pytest.param(
            rule(
                "job_title",
                "x",
                transforms=(step("default", value="a"), step("regex_extract", pattern="b")),
                when_empty=WhenEmpty.CLEAR,
            ),
            "made_value_unused",
            id="nothing is left, and the field is emptied",
        ),
        pytest.param(
            rule("job_title", "x", required=True, transforms=(step("default", value="a"),)),
            "required_unused",
            id="required and never without a value",
        ),
        pytest.param(
            rule("last_name", SURNAME_CLAIM, required=True),
            "required_may_be_absent",
            id="required and not sent for everybody",
        ),
        pytest.param(
            rule("username", NAME_CLAIM), "user_name_may_change", id="a name that changes"
        ),
    ],
)
def test_a_row_with_a_fault_gets_its_remark(
    idp: IdentityProvider, mapped: ClaimRule, code: str
) -> None:
    [remark] = of(idp, mapped)
    assert (remark.code, remark.row, remark.target) == (code, 0, mapped.target)
    assert remark.text
    assert remark.as_json()["severity"] == remark.severity


@pytest.mark.parametrize(
    "mapped",
    [
        pytest.param(rule("username", NAME_CLAIM, sync=SyncMode.ON_CREATE), id="not kept up"),
        pytest.param(rule("username", transforms=(step("constant", value="a"),)), id="a constant"),
        pytest.param(
            rule("job_title", transforms=(step("template", template="{a} {b}"),)), id="a template"
        ),
        pytest.param(
            rule("job_title", "x", transforms=(step("default", value="a"),)), id="default"
        ),
        pytest.param(rule("employee_number", "number", required=True), id="required"),
    ],
)
def test_a_row_without_a_fault_gets_no_remark(idp: IdentityProvider, mapped: ClaimRule) -> None:
    assert of(idp, mapped) == []


def test_two_rows_of_one_field_get_a_remark(idp: IdentityProvider) -> None:
    [remark] = of(idp, rule("job_title", "a"), rule("job_title", "b"))
    assert (remark.code, remark.row, remark.severity) == ("same_target", 1, Severity.ERROR)
    assert "number 1" in remark.text


def test_a_claim_that_only_looks_like_an_e_mail_address_gets_a_remark(
    idp: IdentityProvider,
) -> None:
    proposed = Rules(claim_rules=(rule("email", NAME_CLAIM),), group_rules=())
    assert codes(review(idp, proposed)) == ["no_address"]


def test_a_claim_that_has_never_come_gets_a_remark(idp: IdentityProvider) -> None:
    row, template = (
        rule("job_title", "title", "position"),
        rule("department", transforms=(step("template", template="{a} {b}"),)),
    )
    assert of(idp, row, template) == []  # nobody has signed in yet
    observe(idp, "a")
    found = of(idp, row, template)
    assert [(remark.code, remark.row) for remark in found] == [
        ("claim_never_came", 0),
        ("claim_never_came", 1),
    ]
    assert "needs b," in found[1].text
    observe_too = rule("job_title", "title", "a")
    assert codes(of(idp, observe_too)) == []


def test_people_who_lacked_a_required_value_are_counted(idp: IdentityProvider) -> None:
    signed_in(idp, "ann", title=("Boss",))
    signed_in(idp, "bob")
    [remark] = of(idp, rule("job_title", "title", required=True))
    assert remark.code == "required_but_absent"
    assert "1 of the last 2" in remark.text
    assert of(idp, rule("job_title", "title")) == []


# The account


def test_a_needed_field_that_no_row_fills_gets_a_remark(idp: IdentityProvider) -> None:
    [remark] = review(idp, Rules(claim_rules=(), group_rules=()))
    assert (remark.code, remark.target, remark.row) == ("field_not_filled", "email", None)
    with override_settings(JITPROV_MAPPABLE_FIELDS=["username"]):
        assert review(idp, Rules(claim_rules=(), group_rules=())) == []


# The anchor


@pytest.mark.parametrize(
    ("preset", "claim", "severity", "code"),
    [
        pytest.param("entra", "", Severity.WARNING, "anchor_may_change", id="Entra's NameID"),
        pytest.param("okta", "", Severity.HINT, "anchor_is_name_id", id="another's NameID"),
        pytest.param(
            "entra", EMAIL_CLAIM, Severity.WARNING, "anchor_may_change", id="an e-mail address"
        ),
        pytest.param("okta", "login", Severity.WARNING, "anchor_may_change", id="a user name"),
    ],
)
def test_an_anchor_that_may_change_gets_a_remark(
    idp: IdentityProvider, preset: str, claim: str, severity: Severity, code: str
) -> None:
    idp.preset, idp.subject_claim = preset, claim
    [remark] = of(idp)
    assert (remark.severity, remark.code) == (severity, code)


def test_an_anchor_that_has_never_come_gets_a_remark(idp: IdentityProvider) -> None:
    observe(idp)
    idp.subject_claim = "number"
    [remark] = of(idp)
    assert (remark.severity, remark.code) == (Severity.ERROR, "anchor_never_came")


# Groups


def group(value: str, pk: int, claim: str = GROUPS_CLAIM) -> GroupRule:
    return GroupRule(claim=claim, value=value, group=pk)


def test_good_group_rows_get_no_remark(idp: IdentityProvider) -> None:
    first, second = GroupFactory.create(), GroupFactory.create()
    rules = (group(GUID, first.pk), group(GUID, second.pk), group("Staff", first.pk, "role"))
    assert of(idp, groups=rules) == []


def test_a_repeated_group_row_gets_a_remark(idp: IdentityProvider) -> None:
    staff = GroupFactory.create()
    [remark] = of(idp, groups=(group(GUID, staff.pk), group(GUID.upper(), staff.pk)))
    assert (remark.code, remark.group_row, remark.row) == ("group_twice", 1, None)
    names = (group("Staff", staff.pk, "role"), group("staff", staff.pk, "role"))
    assert of(idp, groups=names) == []


def test_a_group_that_is_not_assignable_any_more_gets_a_remark(idp: IdentityProvider) -> None:
    staff = map_group(idp, GUID)
    rules = (group(GUID, staff.pk), group(GUID, 4711))
    with override_settings(
        JITPROV_ASSIGNABLE_GROUPS=["others"], JITPROV_ASSIGNABLE_GROUPS_OF_APPS=None
    ):
        found = of(idp, groups=rules)
    assert codes(found) == ["group_not_assignable", "group_not_assignable"]
    assert staff.name not in str(found)


def test_a_group_claim_that_never_comes_gets_a_remark(idp: IdentityProvider) -> None:
    staff = GroupFactory.create()
    observe(idp)
    assert codes(of(idp, groups=(group(GUID, staff.pk),))) == ["claim_never_came"]
    observe_overage(idp)
    assert codes(of(idp, groups=(group(GUID, staff.pk),))) == ["groups_overage"]
    assert of(idp) == []


def observe_overage(idp: IdentityProvider) -> None:
    ObservedClaim.objects.all().delete()
    observe(idp, GROUPS_OVERAGE_CLAIM)


def test_a_group_by_name_gets_a_hint_with_entra(idp: IdentityProvider) -> None:
    staff = GroupFactory.create()
    assert codes(of(idp, groups=(group("Staff", staff.pk),))) == ["group_is_no_id"]
    idp.preset, idp.subject_claim = "okta", "number"
    assert of(idp, groups=(group("Staff", staff.pk),)) == []


# All of it


def test_the_gravest_comes_first(idp: IdentityProvider) -> None:
    found = of(idp, rule("username", NAME_CLAIM), rule("job_title", "x", "x"), rule("gone", "x"))
    assert codes(found) == ["target_not_mappable", "claim_twice", "user_name_may_change"]


def test_a_review_costs_a_constant_number_of_statements(idp: IdentityProvider) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as statements:
            review(idp)
        return len(statements)

    map_group(idp, "g")  # without one, Django does not even ask
    few = cost()
    for number in range(10):
        map_group(idp, f"g-{number}")
        signed_in(idp, f"person-{number}")
        observe_one(idp, f"claim-{number}")
    for target in ("department", "job_title", "floor", "born_on"):
        ClaimMapping.objects.create(identity_provider=idp, target=target, sources=target)
    assert cost() == few <= 6


def observe_one(idp: IdentityProvider, name: str) -> None:
    today = datetime.date(2026, 8, 1)
    ObservedClaim.objects.create(
        identity_provider=idp,
        name=name,
        name_digest=digest(name),
        first_seen=today,
        last_seen=today,
    )


def test_other_identity_providers_do_not_count(idp: IdentityProvider) -> None:
    other = connected(FakeIdentityProvider(), slug="other", preset="entra")
    observe(other)
    with pytest.raises(ProvisioningRefused):
        signed_in(other, "")
    assert of(idp, rule("job_title", "title", required=True)) == []
