"""The SQL statements of the set-up page, and its demands on the browser."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jitprov.models import ClaimMapping, IdentityProvider, ProvisioningEvent
from jitprov.testing import FakeIdentityProvider
from tests.setup.pages import Page, administrator_of, superuser, url
from tests.support.factories import IdentityProviderFactory, connected, map_group

pytestmark = pytest.mark.django_db


def statements(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).status_code == 200
    return len(queries)


@pytest.mark.parametrize("who", ["superuser", "administrator"])
@pytest.mark.parametrize("view", ["change", "add", "changelist"])
def test_the_number_of_statements_does_not_grow_with_the_rows(
    client: Client, view: str, who: str
) -> None:
    row = connected(FakeIdentityProvider())
    map_group(row, "finance")
    client.force_login(superuser() if who == "superuser" else administrator_of(row))
    address = url(view, row.pk) if view == "change" else url(view)
    client.get(address)
    few = statements(client, address)

    tenants = [IdentityProviderFactory.create() for _ in range(60)]
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(identity_provider=row, tenant=row.tenant, outcome="refused", reason="x")
        for _ in range(100)
    )
    for number, target in enumerate(("department", "job_title", "language"), start=10):
        ClaimMapping.objects.create(
            identity_provider=row, position=number, target=target, sources=target
        )
    for number in range(10):
        map_group(row, f"group {number}")

    assert len(tenants) == 60
    assert statements(client, address) <= few
    assert few <= 60


def test_saving_needs_a_bounded_number_of_statements(client: Client) -> None:
    row = connected(FakeIdentityProvider())
    client.force_login(superuser())
    page = Page(client, row)
    data = {**page.configuration(), "_save": "x"}

    with CaptureQueriesContext(connection) as queries:
        assert client.post(url("change", row.pk), data).status_code == 302

    assert len(queries) <= 45


@pytest.fixture
def shown(client: Client) -> str:
    row = connected(FakeIdentityProvider(), preset="entra")
    map_group(row, "finance")
    client.force_login(superuser())
    return str(Page(client, row).get().content.decode())


def test_the_page_works_under_a_strict_content_security_policy(shown: str) -> None:
    assert not re.search(r"<script(?![^>]*\bsrc=)", shown)
    assert not re.search(r"\son[a-z]+=", shown)
    assert "javascript:" not in shown
    own = shown[shown.index('class="jitprov jitprov-setup') :]
    assert "style=" not in own
    assert not re.search(r'(?:src|href)="(?:https?:)?//', own)


def test_every_field_has_a_label(shown: str) -> None:
    from lxml import html  # noqa: PLC0415

    tree: Any = html.fromstring(shown)
    content = tree.get_element_by_id("content")
    labelled = {one.get("for") for one in content.iter("label")}
    fields = [
        one
        for one in content.iter("input", "select", "textarea")
        if one.get("type") not in ("hidden", "submit")
    ]
    assert [one.get("name") for one in fields if one.get("id") not in labelled] == []
    ids = [one.get("id") for one in content.iter() if one.get("id") and "__" not in one.get("id")]
    assert sorted(set(ids)) == sorted(ids)


def test_headings_are_in_order(shown: str) -> None:
    levels = [int(level) for level in re.findall(r"<h([1-6])", shown)]

    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_the_page_loads_for_rows_that_the_forms_would_refuse(client: Client) -> None:
    row = IdentityProviderFactory.create(preset="none")
    ClaimMapping.objects.bulk_create(
        [
            ClaimMapping(identity_provider=row, target="gone", transforms="nonsense"),
            ClaimMapping(identity_provider=row, target="x", transforms=[{"name": "explode"}, 7]),
        ]
    )
    client.force_login(superuser())

    assert Page(client, row).get().status_code == 200
    assert IdentityProvider.objects.count() == 1
