"""Testing and enabling with the buttons of the set-up page."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from jitprov.models import ConfigurationChange, EmailDomain, IdentityProvider, TestSignIn
from jitprov.testing import ANN, FakeIdentityProvider, rsa_key_pair
from tests.setup.pages import Page, administrator_of, superuser, url
from tests.support.accounts.models import User
from tests.support.factories import ExternalIdentityFactory, connected, map_group

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake, slug="acme", preset="entra", enabled=False)


@pytest.fixture
def admin(row: IdentityProvider) -> Any:
    return administrator_of(row)


@pytest.fixture
def browser(client: Client, admin: Any) -> Client:
    client.force_login(admin)
    return client


def path_of(address: str) -> str:
    return "/" + address.split("/", 3)[3]


def run_the_test(browser: Client, row: IdentityProvider, fake: FakeIdentityProvider) -> str:
    """Press the button, sign in at the identity provider, and return the path of the report."""
    begun = browser.post(url("test", row.pk))
    leaving = browser.get(path_of(begun.context["url"]))
    response = fake.answer(fake.read_request(leaving["Location"]), person=ANN)
    back = browser.post(path_of(response.acs_url), response.form)
    assert back.status_code == 302
    return path_of(back["Location"])


def press(browser: Client, row: IdentityProvider, button: str) -> str:
    answer = browser.post(url("switch", row.pk), {button: "x"}, follow=True)
    return " ".join(str(message) for message in answer.context["messages"])


def test_a_passing_test_leads_to_enabling(
    browser: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    page = Page(browser, row)
    before = page.get()
    assert (before.context["state"], before.context["may_enable"]) == ("draft", False)

    report = browser.get(run_the_test(browser, row, fake))

    text = report.content.decode()
    assert report.context["shown"].report.passed
    assert all(one.words in text for one in report.context["shown"].checks)
    assert not User.objects.filter(is_staff=False).exists()
    assert page.get().context["state"] == "tested"

    assert press(browser, row, "_enable") == "The sign-in is enabled."
    row.refresh_from_db()
    assert row.enabled

    assert press(browser, row, "_disable") == "The sign-in is disabled."
    row.refresh_from_db()
    assert not row.enabled


def test_a_failed_test_names_the_remedy(
    browser: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    certificate = row.certificates.get()
    certificate.pem = rsa_key_pair("another").certificate
    certificate.save()

    report = browser.get(run_the_test(browser, row, fake))

    shown = report.context["shown"]
    assert not shown.report.passed
    [(code, said, place), *_] = shown.problems
    assert code == shown.report.code
    assert place.endswith("?step=metadata#metadata")
    for text in (said.happened, said.fix, said.where):
        assert str(text) in report.content.decode().replace("&gt;", ">")


def test_a_change_after_the_test_needs_another_test(
    browser: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    run_the_test(browser, row, fake)
    assert Page(browser, row).save({"admission-subject_claim": ""}).status_code == 302

    said = press(browser, row, "_enable")

    row.refresh_from_db()
    assert not row.enabled
    assert said not in ("", "The sign-in is enabled.")


def test_only_a_superuser_can_enable_without_a_test_which_is_recorded(
    browser: Client, row: IdentityProvider
) -> None:
    press(browser, row, "_override")
    row.refresh_from_db()
    assert not row.enabled
    assert b"_override" not in Page(browser, row).get().content

    browser.force_login(superuser())
    assert b"_override" in Page(browser, row).get().content
    press(browser, row, "_override")
    assert IdentityProvider.objects.get(pk=row.pk).enabled
    assert ConfigurationChange.objects.filter(note="enabled without a passing test").exists()


def test_without_a_certificate_nothing_can_be_tested_or_enabled(
    browser: Client, row: IdentityProvider
) -> None:
    row.certificates.all().delete()
    browser.force_login(superuser())

    begun = browser.post(url("test", row.pk))
    press(browser, row, "_override")

    assert begun["Location"] == url("change", row.pk) + "?step=test#test"
    assert not TestSignIn.objects.exists()
    row.refresh_from_db()
    assert not row.enabled


def test_a_report_is_shown_only_to_the_person_who_ran_the_test(
    browser: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    path = run_the_test(browser, row, fake)
    reference = path.rstrip("/").rpartition("/")[2]
    assert browser.get(path).status_code == 200
    assert reference in Page(browser, row).get().content.decode()

    for other in (administrator_of(row), superuser()):
        browser.force_login(other)
        assert browser.get(path).status_code == 404
        assert reference not in Page(browser, row).get().content.decode()


def test_a_report_lists_the_groups_to_join(
    browser: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    group = map_group(row, ANN.groups[0])

    report = browser.get(run_the_test(browser, row, fake))

    assert report.context["shown"].report.groups_joined == (group.name,)


# Preview


def test_a_preview_shows_what_unsaved_rows_would_write(
    browser: Client, row: IdentityProvider
) -> None:
    said = '{"http://schemas.microsoft.com/identity/claims/objectidentifier": "1", "nick": "Annie"}'
    typed = {"claim_mappings-0-sources": "nick", "preview-pasted": said}

    answer = Page(browser, row).press("_preview", "Preview", typed)

    [person] = answer.context["previewed"].people
    assert {one.target: one.after for one in person.fields}["first_name"] == "Annie"
    assert "Annie" in answer.content.decode()
    assert row.claim_mappings.get(target="first_name").sources != "nick"
    assert not User.objects.filter(first_name="Annie").exists()


def test_a_preview_applies_a_new_row_last_as_saving_does(
    browser: Client, row: IdentityProvider
) -> None:
    page = Page(browser, row)
    said = '{"http://schemas.microsoft.com/identity/claims/objectidentifier": "1", "team": "Sales"}'
    typed = page.add_row("claim_mappings", {"sources": "team", "target": "department"})

    answer = page.press("_preview", "Preview", {**typed, "preview-pasted": said})

    [person] = answer.context["previewed"].people
    assert person.fields[-1].target == "department"


def test_an_invalid_preview_input_is_refused_at_its_field(
    browser: Client, row: IdentityProvider
) -> None:
    page = Page(browser, row)

    pasted = page.press("_preview", "Preview", {"preview-pasted": "nonsense"})
    rows = page.press("_preview", "Preview", {"claim_mappings-0-target": "is_superuser"})

    assert "pasted" in pasted.context["preview_form"].errors
    assert "previewed" not in pasted.context or pasted.context["previewed"] is None
    assert rows.context["has_errors"]


def test_remarks_stand_beside_their_rows(browser: Client, row: IdentityProvider) -> None:
    row.claim_mappings.filter(target="username").update(sources="never\nnever")

    shown = Page(browser, row).get().context

    remarks = [remark for form in shown["forms"].claim_mappings.forms for remark in form.remarks]
    assert all(remark.row is not None for remark in remarks)


def test_disabling_asks_first_and_names_how_many_people_it_concerns(
    browser: Client, row: IdentityProvider
) -> None:
    IdentityProvider.objects.update(enabled=True)
    for _ in range(2):
        ExternalIdentityFactory.create(identity_provider=row)
    ExternalIdentityFactory.create(identity_provider=row, active=False)
    shown = Page(browser, row).get().content.decode()
    assert "2 people sign in by this identity provider, and could not any more." in shown
    assert "Yes, disable it" in shown


def test_a_page_of_what_was_switched_off_says_when_and_by_whom(
    browser: Client, row: IdentityProvider
) -> None:
    IdentityProvider.objects.update(enabled=True, enabled_at=timezone.now())
    browser.post(url("switch", row.pk), {"_disable": "Yes"})
    page = Page(browser, row).get()
    change = ConfigurationChange.objects.latest("pk")
    assert page.context["state"] == "switched_off"
    assert f", by {change.actor}." in page.content.decode()
    assert "Switched off on" in page.content.decode()


def test_an_enabled_identity_provider_without_a_domain_says_what_that_means(
    browser: Client, row: IdentityProvider
) -> None:
    IdentityProvider.objects.update(enabled=True)
    told = "finds nobody of yours"
    assert told in Page(browser, row).get().content.decode()
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    assert told not in Page(browser, row).get().content.decode()
