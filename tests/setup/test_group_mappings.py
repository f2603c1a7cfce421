"""The group mappings of the set-up page: steps, rows that admit, and the group for everybody."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client

from jitprov.models import ConfigurationChange, GroupMapping, IdentityProvider
from tests.setup.pages import Page, administrator_of
from tests.support.factories import GroupFactory, IdentityProviderFactory

pytestmark = pytest.mark.django_db

TOLD = "Ask the help desk for the group App Users."


@pytest.fixture(autouse=True)
def editors(settings: Any) -> Group:
    settings.JITPROV_ASSIGNABLE_GROUPS = ["Editors"]
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = None
    return GroupFactory.create(name="Editors")


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create(enabled=False)


@pytest.fixture
def page(client: Client, row: IdentityProvider) -> Page:
    client.force_login(administrator_of(row), backend="django.contrib.auth.backends.ModelBackend")
    return Page(client, row)


def add(page: Page, **values: Any) -> Any:
    return page.save(page.add_row("group_mappings", {"claim": "groups", **values}))


def test_a_row_gets_steps(page: Page, editors: Group) -> None:
    add(page, value="Admins", group=editors.pk)
    grown = page.press("_add", "group_mappings-0-step")
    assert 'value="split"' in grown.content.decode()
    assert (
        'value="constant"'
        not in grown.content.decode().partition('id="groups"')[2].partition("<template")[0]
    )
    steps = {"group_mappings-0-steps-0-step": "split", "group_mappings-0-steps-0-separator": ","}
    assert page.save(steps).status_code == 302
    assert GroupMapping.objects.get().transforms == [{"name": "split", "separator": ","}]
    assert "split" in str(ConfigurationChange.objects.latest("pk").changes)
    assert page.save().status_code == 302  # nothing differs
    assert GroupMapping.objects.get().transforms == [{"name": "split", "separator": ","}]


def test_a_step_that_is_not_for_groups_is_refused(page: Page, editors: Group) -> None:
    add(page, value="Admins", group=editors.pk)
    steps = {"group_mappings-0-steps-0-step": "constant", "group_mappings-0-steps-0-value": "x"}
    assert page.save(steps).status_code == 200
    assert GroupMapping.objects.get().transforms == []


def test_a_row_that_admits_needs_no_group(page: Page) -> None:
    assert add(page, value="App Users", admits="on").status_code == 302
    mapping = GroupMapping.objects.get()
    assert (mapping.group, mapping.admits) == (None, True)


def test_a_row_that_does_nothing_is_refused_at_its_group(page: Page) -> None:
    answer = add(page, value="App Users")
    assert answer.status_code == 200
    assert "Choose a group, or let only these people come in." in answer.content.decode()
    assert not GroupMapping.objects.exists()


def test_everybody_is_given_a_group_and_those_outside_are_told(
    page: Page, row: IdentityProvider, editors: Group
) -> None:
    page.save(
        {
            "everybody-everybody_group": str(editors.pk),
            "everybody-group_required_text": TOLD,
        }
    )
    row.refresh_from_db()
    assert (row.everybody_group, row.group_required_text) == (editors, TOLD)
    changes = {change.what for change in ConfigurationChange.objects.all()}
    assert changes == {"identity_provider"}
    page.save({"everybody-everybody_group": ""})
    row.refresh_from_db()
    assert row.everybody_group is None


def test_a_group_that_is_not_offered_is_given_to_nobody(page: Page, row: IdentityProvider) -> None:
    secret = GroupFactory.create()
    answer = page.save({"everybody-everybody_group": str(secret.pk)})
    assert answer.status_code == 200
    row.refresh_from_db()
    assert row.everybody_group is None


def test_a_stored_group_that_is_no_longer_allowed_is_shown_and_refused(
    page: Page, row: IdentityProvider
) -> None:
    secret = GroupFactory.create()
    IdentityProvider.objects.update(everybody_group=secret)
    assert f"Group {secret.pk} (not allowed)" in page.get().content.decode()
    assert page.save().status_code == 200
