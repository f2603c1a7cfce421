from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    EmailDomain,
    GroupMapping,
    IdentityProvider,
    SigningCertificate,
)
from jitprov.setup.forms import SetupForms
from jitprov.setup.powers import Powers
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from tests.setup.pages import Page, administrator_of, beside, errors_in, errors_of, superuser, url
from tests.support.factories import GroupFactory, IdentityProviderFactory, connected, map_group

pytestmark = pytest.mark.django_db

CERTIFICATE = rsa_key_pair("admin").certificate
OTHER_CERTIFICATE = rsa_key_pair("other").certificate


@pytest.fixture
def row() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme", preset="entra")


@pytest.fixture
def page(client: Client, row: IdentityProvider) -> Page:
    client.force_login(administrator_of(row))
    return Page(client, row)


@pytest.fixture
def superuser_page(client: Client, row: IdentityProvider) -> Page:
    client.force_login(superuser())
    return Page(client, row)


@pytest.fixture
def posted(row: IdentityProvider) -> dict[str, Any]:
    """Return what the unchanged page would post."""
    map_group(row, "finance")
    forms = SetupForms(row, powers=Powers())
    managed = [table.management_form for table in forms.tables]
    rows = [form for table in forms.tables for form in table.forms]
    fields = [field for form in [*forms.columns, *managed, *rows] for field in form]
    values = {field.html_name: field.value() for field in fields}
    return {name: str(value) for name, value in values.items() if value not in (None, False, [])}


def test_the_unchanged_page_posts_valid_data(row: IdentityProvider, posted: dict[str, Any]) -> None:
    assert SetupForms(row, powers=Powers(), data=posted).is_valid()


def saved(answer: Any) -> bool:
    return bool(answer.status_code == 302)


def rules(row: IdentityProvider) -> dict[str, list[dict[str, Any]]]:
    return {
        one.target: one.transforms for one in ClaimMapping.objects.filter(identity_provider=row)
    }


def test_saving_the_unchanged_page_changes_nothing(page: Page, row: IdentityProvider) -> None:
    map_group(row, "finance")
    before = rules(row)

    assert saved(page.save())

    assert rules(row) == before
    assert not ConfigurationChange.objects.exists()


def test_a_change_is_recorded_with_who_made_it(page: Page, row: IdentityProvider) -> None:
    assert saved(page.save({"admission-unsolicited": "reject"}))

    change = ConfigurationChange.objects.get()
    assert change.changes == {"unsolicited": ["restart", "reject"]}
    assert change.user is not None


def test_a_row_is_added_without_javascript(page: Page, row: IdentityProvider) -> None:
    typed = {"claim_mappings-0-sources": "typed and not lost"}
    answer = page.press("_add", "claim_mappings", typed)

    assert answer.status_code == 200
    forms = answer.context["forms"].claim_mappings.forms
    assert len(forms) == row.claim_mappings.count() + 1
    assert forms[0]["sources"].value() == "typed and not lost"
    assert errors_of(answer) == {}
    assert not row.claim_mappings.filter(sources="typed and not lost").exists()

    data = page.add_row("claim_mappings", {"sources": "dept", "target": "department"})
    assert saved(page.client.post(url("change", row.pk), {**data, "_save": "Save"}))
    added = row.claim_mappings.get(target="department")
    assert added.sources == "dept"
    assert added.position == max(row.claim_mappings.values_list("position", flat=True))


def test_a_row_that_stays_blank_is_not_saved(page: Page, row: IdentityProvider) -> None:
    data = page.add_row("claim_mappings", {"position": "7"})

    assert saved(page.client.post(url("change", row.pk), {**data, "_save": "Save"}))
    assert row.claim_mappings.count() == 4


def test_a_step_is_added_and_filled_without_javascript(page: Page, row: IdentityProvider) -> None:
    chosen = {"claim_mappings-0-steps-0-step": "split"}
    shown = page.press("_add", "update", chosen)
    form = shown.context["forms"].claim_mappings.forms[0]

    assert [field.name for field in form.steps[0].parameters] == ["separator"]

    assert saved(page.save({**chosen, "claim_mappings-0-steps-0-separator": ";"}))
    assert row.claim_rules()[0].transforms[0].parameters == {"separator": ";"}

    more = page.press("_add", "claim_mappings-0-step").context["forms"].claim_mappings.forms[0]
    assert len(more.steps) == 2


def test_steps_are_removed_one_by_one(page: Page, row: IdentityProvider) -> None:
    first = row.claim_mappings.get(position=0)
    first.transforms = [{"name": "split", "separator": ";"}, {"name": "first"}]
    first.save()

    assert saved(page.save({"claim_mappings-0-steps-0-step": ""}))
    first.refresh_from_db()
    assert first.transforms == [{"name": "first"}]

    assert saved(page.save({"claim_mappings-0-steps-0-step": ""}))
    first.refresh_from_db()
    assert first.transforms == []


@pytest.mark.parametrize(
    "steps",
    [
        [{"name": "join", "separator": " "}],
        [{"name": "table", "table": {"a = b": "c", '"': " d ", "e": ""}, "unknown": "refuse"}],
        [{"name": "date", "formats": ["%d.%m.%Y", "%Y-%m-%d"]}],
        [{"name": "regex_extract", "pattern": "a(b)", "group": 1}],
        [{"name": "replace", "old": " ", "new": ""}],
        [{"name": "table", "table": {"a": "b"}}, {"name": "join"}],
    ],
)
def test_steps_are_unchanged_after_showing_and_saving_them(
    page: Page, row: IdentityProvider, steps: list[dict[str, Any]]
) -> None:
    first = row.claim_mappings.get(position=0)
    first.transforms = steps
    first.save()

    assert saved(page.save())

    first.refresh_from_db()
    assert first.transforms == steps
    assert not ConfigurationChange.objects.exists()


def test_two_rows_can_exchange_their_user_fields(page: Page, row: IdentityProvider) -> None:
    names = {"claim_mappings-0-target": "last_name", "claim_mappings-1-target": "first_name"}

    assert saved(page.save(names))

    assert [one.target for one in row.claim_mappings.all()[:2]] == ["last_name", "first_name"]


def test_rows_are_removed(page: Page, row: IdentityProvider) -> None:
    map_group(row, "finance")

    assert saved(page.save({"claim_mappings-0-DELETE": "on", "group_mappings-0-DELETE": "on"}))

    assert row.claim_mappings.count() == 3
    assert not row.group_mappings.exists()


STEP = "claim_mappings-0-steps-0"
WRONG: list[Any] = [
    ("claim_mappings-0-sources", {"claim_mappings-0-sources": ""}),
    ("claim_mappings-0-sources", {"claim_mappings-0-sources": "x" * 10_000}),
    ("claim_mappings-0-sources", {"claim_mappings-0-sources": "a\x07b"}),
    ("claim_mappings-0-target", {"claim_mappings-0-target": ""}),
    ("claim_mappings-0-target", {"claim_mappings-0-target": "is_superuser"}),
    ("claim_mappings-0-target", {"claim_mappings-0-target": "password"}),
    ("claim_mappings-0-target", {"claim_mappings-0-target": "groups"}),
    ("claim_mappings-1-target", {"claim_mappings-1-target": "first_name"}),
    ("claim_mappings-0-sync", {"claim_mappings-0-sync": "sometimes"}),
    ("claim_mappings-0-position", {"claim_mappings-0-position": "first"}),
    ("claim_mappings-0-position", {"claim_mappings-0-position": "70000"}),
    (f"{STEP}-step", {f"{STEP}-step": "explode"}),
    (f"{STEP}-separator", {f"{STEP}-step": "split", f"{STEP}-separator": ""}),
    (f"{STEP}-separator", {f"{STEP}-step": "split"}),
    (f"{STEP}-pattern", {f"{STEP}-step": "regex_extract", f"{STEP}-pattern": "("}),
    (
        f"{STEP}-group",
        {f"{STEP}-step": "regex_extract", f"{STEP}-pattern": "a", f"{STEP}-group": "x"},
    ),
    (
        f"{STEP}-step",
        {f"{STEP}-step": "regex_extract", f"{STEP}-pattern": "a", f"{STEP}-group": "7"},
    ),
    (f"{STEP}-table", {f"{STEP}-step": "table", f"{STEP}-table": "no equals sign"}),
    (f"{STEP}-table", {f"{STEP}-step": "table", f"{STEP}-table": ""}),
    (f"{STEP}-unknown", {f"{STEP}-step": "table", f"{STEP}-table": "a=b", f"{STEP}-unknown": "x"}),
    (f"{STEP}-formats", {f"{STEP}-step": "date", f"{STEP}-formats": "%B"}),
    (f"{STEP}-template", {f"{STEP}-step": "template", f"{STEP}-template": "{a"}),
    (f"{STEP}-value", {f"{STEP}-step": "constant", f"{STEP}-value": "x" * 501}),
    (
        "claim_mappings-0-transforms",
        {f"{STEP}-step": "integer", "claim_mappings-0-steps-1-step": "lower"},
    ),
    ("by_hand-entity_id", {"by_hand-entity_id": ""}),
    ("by_hand-sso_url", {"by_hand-sso_url": "javascript:alert(1)"}),
    ("by_hand-sso_url", {"by_hand-sso_url": "http://idp.example/sso"}),
    ("by_hand-sp_acs_url", {"by_hand-sp_acs_url": "ftp://idp.example/sso"}),
    ("by_hand-sso_binding", {"by_hand-sso_binding": "carrier pigeon"}),
    ("by_hand-sp_entity_id", {"by_hand-sp_entity_id": "urn:a\x0bb"}),
    ("by_hand-name_id_format", {"by_hand-name_id_format": "urn:a\x1fb"}),
    ("by_hand-authn_contexts", {"by_hand-authn_contexts": "urn:a\x01b"}),
    ("by_hand-authn_contexts", {"by_hand-authn_contexts": "\n".join(["urn:x"] * 11)}),
    ("by_hand-authn_contexts", {"by_hand-authn_contexts": "x" * 5000}),
    ("admission-unsolicited", {"admission-unsolicited": "believe"}),
    ("admission-subject_claim", {"admission-subject_claim": "a\x0bb"}),
    ("group_mappings-0-group", {"group_mappings-0-group": "0"}),
    ("group_mappings-0-group", {"group_mappings-0-group": "x"}),
    ("group_mappings-0-value", {"group_mappings-0-value": ""}),
    ("group_mappings-0-claim", {"group_mappings-0-claim": ""}),
]


@pytest.mark.parametrize(("field", "changes"), WRONG)
def test_an_invalid_value_is_refused_at_its_field(
    row: IdentityProvider, posted: dict[str, Any], field: str, changes: dict[str, Any]
) -> None:
    forms = SetupForms(row, powers=Powers(), data={**posted, **changes})

    assert not forms.is_valid()
    assert field in errors_in(forms)


SHOWN = [WRONG[number] for number in (0, 6, 12, 16, 24, 33, 37)]


@pytest.mark.parametrize(("field", "changes"), SHOWN)
def test_the_page_shows_an_error_beside_its_field(
    page: Page, row: IdentityProvider, field: str, changes: dict[str, Any]
) -> None:
    map_group(row, "finance")
    before = rules(row)

    answer = page.save({"admission-unsolicited": "reject", **changes})

    assert answer.status_code == 200
    assert beside(answer, field)
    assert field in {one.html_name for one in answer.context["forms"].wrong_fields}
    row.refresh_from_db()
    assert (row.unsolicited, rules(row)) == ("restart", before)


def test_a_certificate_is_added_by_hand(page: Page, row: IdentityProvider) -> None:
    data = page.add_row("certificates", {"pem": CERTIFICATE})

    assert saved(page.client.post(url("change", row.pk), {**data, "_save": "Save"}))

    assert row.certificates.count() == 2
    shown = page.get().content.decode()
    assert all(
        one.fingerprint in shown
        for one in (f.shown for f in page.get().context["forms"].certificates.forms)
    )
    assert "RSA 2048" in shown


@pytest.mark.parametrize(
    "pem", ["junk", rsa_key_pair("admin").private_key, "x" * 40_000], ids=["junk", "key", "long"]
)
def test_an_invalid_certificate_is_refused(page: Page, row: IdentityProvider, pem: str) -> None:
    data = page.add_row("certificates", {"pem": pem})
    answer = page.client.post(url("change", row.pk), {**data, "_save": "Save"})

    assert list(errors_of(answer)) == ["certificates-1-pem"]
    assert row.certificates.count() == 1


def test_a_certificate_that_is_stored_already_is_refused(page: Page, row: IdentityProvider) -> None:
    there = row.certificates.get().pem
    data = page.add_row("certificates", {"pem": there.replace("\n", "\r\n")})
    answer = page.client.post(url("change", row.pk), {**data, "_save": "Save"})

    assert errors_of(answer) == {"certificates-1-pem": "This certificate is there already."}


def test_a_stored_certificate_can_be_replaced_but_not_edited(
    page: Page, row: IdentityProvider
) -> None:
    before = row.certificates.get()
    data = page.add_row("certificates", {"pem": CERTIFICATE})
    data |= {"certificates-0-DELETE": "on", "certificates-0-pem": OTHER_CERTIFICATE}

    assert saved(page.client.post(url("change", row.pk), {**data, "_save": "Save"}))

    after = row.certificates.get()
    assert after.fingerprint not in (
        before.fingerprint,
        SigningCertificate(pem=OTHER_CERTIFICATE).fingerprint,
    )


def test_the_last_certificate_stays_while_people_can_sign_in(
    page: Page, row: IdentityProvider
) -> None:
    answer = page.save({"certificates-0-DELETE": "on"})

    assert "certificates" in errors_of(answer)
    IdentityProvider.objects.filter(pk=row.pk).update(enabled=False)
    assert saved(page.save({"certificates-0-DELETE": "on"}))


# Limits that the host sets


def test_only_assignable_groups_are_offered_and_accepted(page: Page, row: IdentityProvider) -> None:
    powerful = GroupFactory.create()
    powerful.permissions.add(Permission.objects.get(codename="change_group"))
    map_group(row, "finance")

    offered = dict(page.get().context["forms"].groups)
    answer = page.save({"group_mappings-0-group": str(powerful.pk)})

    assert powerful.pk not in offered
    assert "group_mappings-0-group" in errors_of(answer)
    assert not GroupMapping.objects.filter(group=powerful).exists()


def test_a_group_that_is_no_longer_assignable_stays_visible_and_is_refused(
    page: Page, row: IdentityProvider, settings: Any
) -> None:
    group = map_group(row, "finance")
    settings.JITPROV_ASSIGNABLE_GROUPS = ["another"]
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = None

    form = page.get().context["forms"].group_mappings.forms[0]
    answer = page.save()

    assert form.is_outdated
    assert form["group"].value() == group.pk
    assert "group_mappings-0-group" in errors_of(answer)


def test_a_field_that_is_no_longer_mappable_stays_visible_and_is_refused(
    page: Page, row: IdentityProvider, settings: Any
) -> None:
    settings.JITPROV_MAPPABLE_FIELDS = ["last_name", "email", "username"]

    form = page.get().context["forms"].claim_mappings.forms[0]
    answer = page.save()

    assert form.is_outdated
    assert form["target"].value() == "first_name"
    assert list(errors_of(answer)) == ["claim_mappings-0-target"]


def test_a_tenants_administrator_can_neither_enable_linking_nor_route_domains(
    page: Page, row: IdentityProvider
) -> None:
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    forged = {
        "admission-link_existing_users": "on",
        "email_domains-TOTAL_FORMS": "1",
        "email_domains-INITIAL_FORMS": "0",
        "email_domains-0-domain": "everybody.example",
    }

    assert saved(page.save(forged))

    row.refresh_from_db()
    assert not row.link_existing_users
    assert [one.domain for one in row.email_domains.all()] == ["acme.example"]
    assert "acme.example" in page.get().content.decode()


def test_a_superuser_can_enable_linking_and_route_domains(
    superuser_page: Page, row: IdentityProvider
) -> None:
    data = superuser_page.add_row("email_domains", {"domain": " ACME.example"})
    data |= {"admission-link_existing_users": "on", "_save": "Save"}

    assert saved(superuser_page.client.post(url("change", row.pk), data))

    row.refresh_from_db()
    assert row.link_existing_users
    assert row.email_domains.get().domain == "acme.example"


def test_a_domain_of_another_identity_provider_is_refused(
    superuser_page: Page, row: IdentityProvider
) -> None:
    EmailDomain.objects.create(
        identity_provider=IdentityProviderFactory.create(), domain="taken.example"
    )
    data = superuser_page.add_row("email_domains", {"domain": "TAKEN.example"})
    answer = superuser_page.client.post(url("change", row.pk), {**data, "_save": "Save"})

    assert list(errors_of(answer)) == ["email_domains-0-domain"]


# Bounds


def test_a_page_with_more_fields_than_django_accepts_says_so(
    page: Page, row: IdentityProvider, settings: Any
) -> None:
    settings.DATA_UPLOAD_MAX_NUMBER_FIELDS = 60

    shown = page.get()

    assert shown.context["forms"].is_too_large
    assert "at most 60 fields" in shown.content.decode()


def test_more_rows_than_the_page_accepts_are_refused(page: Page, row: IdentityProvider) -> None:
    answer = page.save({"claim_mappings-TOTAL_FORMS": "100000"})

    assert "claim_mappings" in errors_of(answer)
    assert len(answer.context["forms"].claim_mappings.forms) <= 205


@pytest.mark.parametrize("total", ["", "x", "9" * 50])
def test_a_forged_number_of_rows_causes_no_server_error(page: Page, total: str) -> None:
    changes = {"claim_mappings-TOTAL_FORMS": total}

    assert page.save(changes).status_code == 200
    assert page.press("_add", "claim_mappings", changes).status_code == 200
    assert page.press("_add", "x" * 5000).status_code == 200
