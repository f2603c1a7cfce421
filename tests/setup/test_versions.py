"""Two people at one page: both keep what they changed, and nobody replaces what they have not seen."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from jitprov.configuration.editing import version_of_row
from jitprov.models import EmailDomain, IdentityProvider
from jitprov.setup.versions import teller
from jitprov.testing import FakeIdentityProvider
from tests.setup.pages import Page, administrator_of, errors_of, fields_of, superuser, url
from tests.support.factories import connected, map_group

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme", preset="entra")


def page_of(user: Any, row: IdentityProvider) -> Page:
    browser = Client()
    browser.force_login(user)
    return Page(browser, row)


@pytest.fixture
def ann(row: IdentityProvider) -> Page:
    return page_of(administrator_of(row), row)


@pytest.fixture
def bob(row: IdentityProvider) -> Page:
    return page_of(superuser(), row)


def post(page: Page, shown: dict[str, Any], **changes: Any) -> Any:
    data = {**shown, **changes, "_save": "Save"}
    return page.client.post(url("change", page.row.pk), data)


def mappings(row: IdentityProvider) -> dict[str, str]:
    return dict(row.claim_mappings.values_list("target", "sources"))


def test_two_people_who_change_different_rows_both_keep_their_changes(
    ann: Page, bob: Page, row: IdentityProvider
) -> None:
    shown = ann.configuration()
    assert bob.save({"claim_mappings-0-sources": "of bob"}).status_code == 302

    assert post(ann, shown, **{"claim_mappings-1-sources": "of ann"}).status_code == 302

    found = mappings(row)
    assert (found["first_name"], found["last_name"]) == ("of bob", "of ann")


def test_a_row_that_another_added_stays(ann: Page, bob: Page, row: IdentityProvider) -> None:
    shown = ann.configuration()
    bob.save(bob.add_row("claim_mappings", {"sources": "dept", "target": "department"}))

    assert post(ann, shown, **{"claim_mappings-1-sources": "of ann"}).status_code == 302

    assert mappings(row)["department"] == "dept"


def test_the_same_row_is_refused_and_says_who_changed_what(
    ann: Page, bob: Page, row: IdentityProvider
) -> None:
    shown = ann.configuration()
    bob.save({"claim_mappings-0-sources": "of bob"})

    answer = post(ann, shown, **{"claim_mappings-0-sources": "of ann"})

    assert answer.status_code == 200
    form = answer.context["forms"].claim_mappings.forms[0]
    [sentence] = form.non_field_errors()
    assert sentence in answer.content.decode().replace("&#x27;", "'")
    assert "of bob" in sentence
    assert answer.context["user"].get_username() not in sentence
    assert form["sources"].value() == "of ann"
    assert mappings(row)["first_name"] == "of bob"

    assert post(ann, fields_of(answer)).status_code == 302
    assert mappings(row)["first_name"] == "of ann"


def test_a_column_that_both_changed_alike_is_no_conflict(
    ann: Page, bob: Page, row: IdentityProvider
) -> None:
    shown = ann.configuration()
    bob.save({"admission-unsolicited": "reject"})

    assert post(ann, shown, **{"admission-unsolicited": "reject"}).status_code == 302


def test_a_row_that_another_removed_stays_removed(
    ann: Page, bob: Page, row: IdentityProvider
) -> None:
    shown = ann.configuration()
    bob.save({"claim_mappings-2-DELETE": "on"})

    assert post(ann, shown, **{"claim_mappings-0-sources": "of ann"}).status_code == 302

    assert "email" not in mappings(row)
    assert mappings(row)["first_name"] == "of ann"


def test_a_row_that_another_removed_is_not_brought_back_by_a_change(
    ann: Page, bob: Page, row: IdentityProvider
) -> None:
    shown = ann.configuration()
    bob.save({"claim_mappings-2-DELETE": "on"})

    answer = post(ann, shown, **{"claim_mappings-2-sources": "of ann"})

    assert answer.status_code == 200
    assert "does not exist any more" in answer.content.decode()
    assert "email" not in mappings(row)


def test_a_row_that_two_remove_is_gone(ann: Page, bob: Page, row: IdentityProvider) -> None:
    shown = ann.configuration()
    bob.save({"claim_mappings-2-DELETE": "on"})

    assert post(ann, shown, **{"claim_mappings-2-DELETE": "on"}).status_code == 302
    assert "email" not in mappings(row)


@pytest.mark.parametrize("prefix", ["claim_mappings", "group_mappings", "certificates"])
def test_a_row_that_another_has_changed_is_removed_only_by_who_has_seen_it(
    ann: Page, bob: Page, row: IdentityProvider, prefix: str
) -> None:
    map_group(row, "finance")
    IdentityProvider.objects.filter(pk=row.pk).update(enabled=False)
    change = {
        "claim_mappings": {"claim_mappings-0-sources": "of bob"},
        "group_mappings": {"group_mappings-0-name": "of bob"},
        "certificates": {"certificates-0-allow_expired": "on"},
    }
    count = getattr(row, prefix).count()
    shown = ann.configuration()
    assert bob.save(change[prefix]).status_code == 302

    answer = post(ann, shown, **{f"{prefix}-0-DELETE": "on"})

    assert prefix in errors_of(answer)
    assert getattr(row, prefix).count() == count
    again = {**fields_of(answer), f"{prefix}-0-DELETE": "on"}
    assert post(ann, again).status_code == 302
    assert getattr(row, prefix).count() == count - 1


def test_a_domain_is_a_row_like_any_other(bob: Page, row: IdentityProvider) -> None:
    domain = EmailDomain.objects.create(identity_provider=row, domain="a.example")
    shown = bob.configuration()
    EmailDomain.objects.filter(pk=domain.pk).update(domain="b.example")

    assert post(bob, shown).status_code == 302
    domain.refresh_from_db()
    assert domain.domain == "b.example"
    refused = post(bob, shown, **{"email_domains-0-domain": "c.example"})
    assert "email_domains-0-__all__" in errors_of(refused)


# Columns


def test_a_column_that_only_another_changed_stays_changed(
    ann: Page, bob: Page, row: IdentityProvider
) -> None:
    shown = ann.configuration()
    bob.save({"admission-create_users": "", "by_hand-authn_contexts": "urn:a\nurn:b"})

    assert post(ann, shown, **{"admission-unsolicited": "reject"}).status_code == 302

    row.refresh_from_db()
    assert (row.create_users, row.unsolicited) == (False, "reject")
    assert row.authn_contexts == "urn:a\nurn:b"


def test_a_column_that_both_changed_is_refused_at_its_field(
    ann: Page, bob: Page, row: IdentityProvider
) -> None:
    shown = ann.configuration()
    bob.save({"everybody-group_required_text": "Ask Bob."})

    answer = post(ann, shown, **{"everybody-group_required_text": "Ask Ann."})

    refused = errors_of(answer)["everybody-group_required_text"]
    assert "Ask Bob." in refused
    row.refresh_from_db()
    assert row.group_required_text == "Ask Bob."
    assert post(ann, fields_of(answer)).status_code == 302
    row.refresh_from_db()
    assert row.group_required_text == "Ask Ann."


def test_lines_that_a_browser_ends_in_its_own_way_are_no_change(
    ann: Page, bob: Page, row: IdentityProvider
) -> None:
    IdentityProvider.objects.filter(pk=row.pk).update(authn_contexts="urn:a\nurn:b")
    shown = {name: str(one).replace("\n", "\r\n") for name, one in ann.configuration().items()}
    bob.save({"by_hand-authn_contexts": "urn:c"})

    assert post(ann, shown).status_code == 302
    row.refresh_from_db()
    assert row.authn_contexts == "urn:c"


# Whom it is told


def test_the_holder_of_a_link_is_not_told_who_works_on_the_configuration(
    bob: Page, row: IdentityProvider
) -> None:
    bob.save({"claim_mappings-0-sources": "of bob"})

    tell_holder, tell_insider = (teller(row, insider=insider) for insider in (False, True))

    with translation.override("en"):
        assert tell_holder("claim_mapping", label="first_name").startswith("Somebody else")
        assert "of bob" in tell_insider("claim_mapping", label="first_name")
        assert tell_insider("claim_mapping", label="never changed").startswith("Somebody else")


def test_no_steps_are_no_steps_however_they_are_stored(row: IdentityProvider) -> None:
    map_group(row, "finance")
    mapping = row.group_mappings.get()
    versions = set()
    as_stored: list[Any] = [None, []]
    for steps in as_stored:
        mapping.transforms = steps
        versions.add(version_of_row(mapping.pk, mapping, ("value", "transforms")))

    assert len(versions) == 1
    assert version_of_row(mapping.pk + 1, mapping, ("value", "transforms")) not in versions
