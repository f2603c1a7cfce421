"""The record of changes in words, on the set-up page and in the admin."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jitprov.explain.history import KINDS, MAX_SHOWN, HistoryEntry, history
from jitprov.journal.actors import Actor
from jitprov.journal.audit import (
    ADMINISTRATOR,
    IDENTITY_PROVIDER,
    RELATED,
    record_done,
    recorded,
)
from jitprov.models import Action, ConfigurationChange, IdentityProvider, SigningCertificate, Via
from jitprov.testing import rsa_key_pair
from tests.support.factories import GroupFactory, IdentityProviderFactory, UserFactory, map_group

pytestmark = pytest.mark.django_db

ACTOR = Actor(via=Via.COMMAND, name="a command (ann)")


@pytest.fixture
def row() -> IdentityProvider:
    found: IdentityProvider = IdentityProviderFactory.create(slug="acme")
    return found


def written(row: IdentityProvider, what: str, action: str, **changes: Any) -> HistoryEntry:
    ConfigurationChange.objects.create(
        identity_provider=row,
        actor="ann",
        via="admin",
        what=what,
        action=action,
        changes=changes,
    )
    return history(row)[0]


def test_an_entry_has_actor_time_via_and_fields(row: IdentityProvider) -> None:
    with recorded(row, ACTOR, "enabled without a passing test"):
        row.sso_url = "https://idp.example/new"
        row.force_authn = True
        row.save()
    (entry,) = history(row)
    assert (entry.who, entry.via) == ("a command (ann)", "a command")
    assert (entry.what, entry.label, entry.action) == ("identity provider", "acme", "changed")
    url, often = map(str, entry.changes)
    assert url == f"sign-on URL: {IdentityProviderFactory.sso_url} → https://idp.example/new"
    assert often == "ask for the password every time: no → yes"
    assert str(entry).startswith("Identity provider acme changed: sign-on URL: ")
    assert str(entry).endswith("no → yes; enabled without a passing test")


@pytest.mark.parametrize(
    ("what", "changes", "said"),
    [
        ("identity_provider", {"unsolicited": ["restart", "reject"]}, "→ refuse"),
        ("identity_provider", {"preset": ["none", "entra"]}, "→ Microsoft Entra ID"),
        (
            "identity_provider",
            {"slo_url": ["https://a.example/", ""]},
            "https://a.example/ → nothing",
        ),
        ("claim_mapping", {"sources": ["a", "a\nb"]}, "claims: a → a, b"),
        ("claim_mapping", {"target": ["first_name", "gone"]}, "user field: first name → gone"),
        (
            "claim_mapping",
            {"transforms": [[], [{"name": "lower"}]]},
            "nothing → Lower case",
        ),
        ("claim_mapping", {"sync": ["always", "if_empty"]}, "→ while the field is empty"),
        ("certificate", {"not_after": [None, "2030-01-02T00:00:00+00:00"]}, "Jan. 2, 2030"),
        ("certificate", {"not_after": [None, "some day"]}, "→ some day"),
        ("something_else", {"field": [1, 2]}, "field: 1 → 2"),
        ("identity_provider", {"gone_field": ["a", "b"]}, "gone_field: a → b"),
    ],
)
def test_values_are_put_into_words(
    row: IdentityProvider, what: str, changes: dict[str, Any], said: str
) -> None:
    assert said in str(written(row, what, Action.CHANGED, **changes))


def test_groups_are_named_with_one_statement(row: IdentityProvider) -> None:
    old, new = GroupFactory.create(name="Sales"), GroupFactory.create(name="Finance")
    for _ in range(3):
        written(row, "group_mapping", Action.CHANGED, group_id=[old.pk, new.pk])
    with CaptureQueriesContext(connection) as queries:
        (entry, *_) = history(row)
    assert str(entry.changes[0]) == "group: Sales → Finance"
    assert len(queries) == 2


def test_a_deleted_group_is_shown_by_its_key(row: IdentityProvider) -> None:
    entry = written(row, "group_mapping", Action.CHANGED, group_id=[None, 10**6])
    assert str(entry.changes[0]) == "group: nothing → a group that is gone (1000000)"


def test_an_added_row_shows_its_values_without_empty_ones(row: IdentityProvider) -> None:
    with recorded(row, ACTOR):
        map_group(row, "finance", "groups")
    (entry,) = history(row)
    assert entry.action == "added"
    names = [change.name for change in entry.changes]
    assert names == ["claim", "value", "group"]
    assert str(entry.changes[1]) == "value: finance"


def test_a_removed_row_shows_its_values(row: IdentityProvider) -> None:
    map_group(row, "finance", "groups")
    with recorded(row, ACTOR):
        row.group_mappings.all().delete()
    (entry,) = history(row)
    assert (entry.action, str(entry.changes[1])) == ("removed", "value: finance")


def test_a_certificate_is_shown_by_its_fingerprint(row: IdentityProvider) -> None:
    with recorded(row, ACTOR):
        SigningCertificate.objects.create(
            identity_provider=row, pem=rsa_key_pair("history").certificate
        )
    (entry,) = history(row)
    assert entry.label == row.certificates.get().fingerprint
    assert "BEGIN" not in str(entry)


def test_an_action_is_shown_with_its_note(row: IdentityProvider) -> None:
    record_done(row, ACTOR, "test_sign_in", label="ABCDEFGH23", note="failed: issuer_mismatch")
    (entry,) = history(row)
    assert str(entry) == "Test sign-in ABCDEFGH23: failed: issuer_mismatch"


def test_an_unknown_note_is_shown_as_it_is(row: IdentityProvider) -> None:
    record_done(row, ACTOR, "test_sign_in", note="by hand")
    assert history(row)[0].note == "by hand"


def test_a_long_value_is_cut(row: IdentityProvider) -> None:
    entry = written(row, "claim_mapping", Action.CHANGED, sources=["", "x" * 10_000])
    assert len(entry.changes[0].after) == MAX_SHOWN + 1


def test_entries_are_listed_newest_first_up_to_the_limit(row: IdentityProvider) -> None:
    for number in range(5):
        written(
            row, "identity_provider", Action.CHANGED, slo_url=["", f"https://{number}.example/"]
        )
    written(
        IdentityProviderFactory.create(), "identity_provider", Action.CHANGED, slo_url=["", "x"]
    )
    entries = history(row, limit=2)
    assert [entry.changes[0].after for entry in entries] == [
        "https://4.example/",
        "https://3.example/",
    ]


def test_the_former_tenant_of_a_row_is_not_shown(
    row: IdentityProvider,
) -> None:
    assert written(row, "identity_provider", Action.CHANGED, tenant_id=[1, 2]).changes == ()


def test_every_recorded_kind_has_a_name() -> None:
    assert {IDENTITY_PROVIDER, ADMINISTRATOR, *RELATED} <= set(KINDS)


# Pages


def test_the_page_of_an_identity_provider_lists_the_changes(row: IdentityProvider) -> None:
    written(row, "identity_provider", Action.CHANGED, slo_url=["", "https://<b>.example/"])
    html = render_to_string("jitprov/setup/_history.html", {"history": history(row)})
    assert "<del>nothing</del>" in html
    assert "<ins>https://&lt;b&gt;.example/</ins>" in html
    assert "ann, the admin" in html


def test_the_page_of_an_identity_provider_without_changes_has_no_list() -> None:
    assert "Nothing has been changed yet." in render_to_string("jitprov/setup/_history.html")


def test_the_admins_list_shows_changes_in_words(client: Client, row: IdentityProvider) -> None:
    written(row, "identity_provider", Action.CHANGED, force_authn=[False, True])
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    address = reverse("admin:jitprov_configurationchange_changelist")
    for query in ({}, {"what": "identity_provider"}, {"q": "ann"}, {"via": "admin"}):
        page = client.get(address, query).content.decode()
        assert "ask for the password every time: no → yes" in page
    for query in ({"what": "certificate"}, {"q": "bob"}):
        assert "no → yes" not in client.get(address, query).content.decode()


def test_the_admins_page_shows_a_change_in_words(client: Client, row: IdentityProvider) -> None:
    written(row, "identity_provider", Action.CHANGED, slo_url=["", "https://<b>.example/"])
    change = ConfigurationChange.objects.get()
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    page = client.get(reverse("admin:jitprov_configurationchange_change", args=[change.pk]))
    assert "nothing → https://&lt;b&gt;.example/" in page.content.decode()
