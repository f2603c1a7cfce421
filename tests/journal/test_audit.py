"""Changes to the configuration are found by comparing, whichever way they were written."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from jitprov.journal.actors import Actor
from jitprov.journal.audit import (
    COLUMNS,
    IDENTITY_PROVIDER,
    RELATED,
    configuration_digest,
    record_administrator,
    record_done,
    recorded,
    recorded_many,
    snapshot,
    snapshots,
)
from jitprov.models import (
    Action,
    ClaimMapping,
    ConfigurationChange,
    EmailDomain,
    IdentityProvider,
    SetupLink,
    SigningCertificate,
    TenantAdministrator,
    Via,
)
from jitprov.models.changes import MAX_LABEL
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from tests.support.factories import (
    GroupFactory,
    IdentityProviderFactory,
    TenantFactory,
    UserFactory,
    connected,
    map_group,
)
from tests.whole.test_sign_in import statements

pytestmark = pytest.mark.django_db

ACTOR = Actor(via=Via.CODE, name="test")
LATER = datetime(2040, 1, 1, tzinfo=UTC)
NOT_CONFIGURED = {
    "id",
    "slug",
    "metadata_checked_at",
    "metadata_error",
    "tested_at",
    "tested_digest",
    "enabled_at",
    "session_endings",
    "created_at",
    "updated_at",
}
"""Columns of an identity provider that are no configuration, or that never change."""
OF_THE_ROW = {"id", "identity_provider_id"}


@pytest.fixture
def row() -> IdentityProvider:
    found = connected(FakeIdentityProvider(), slug="acme", enabled=False)
    map_group(found, "finance")
    EmailDomain.objects.create(identity_provider=found, domain="acme.example")
    return found


def written() -> list[tuple[str, str, str, dict[str, Any]]]:
    rows = ConfigurationChange.objects.order_by("pk")
    return list(rows.values_list("what", "label", "action", "changes"))


def only() -> tuple[str, str, str, dict[str, Any]]:
    (one,) = written()
    return one


# What is compared


def test_every_column_of_an_identity_provider_is_recorded_or_known_not_to_be() -> None:
    columns = {field.attname for field in IdentityProvider._meta.concrete_fields}
    assert set(COLUMNS) | NOT_CONFIGURED == columns
    assert not set(COLUMNS) & NOT_CONFIGURED


@pytest.mark.parametrize("what", [what for what in RELATED if what != "certificate"])
def test_every_column_of_what_belongs_to_it_is_recorded(what: str) -> None:
    relation, _, columns = RELATED[what]
    model: Any = IdentityProvider._meta.get_field(relation).related_model
    assert set(columns) == {field.attname for field in model._meta.concrete_fields} - OF_THE_ROW


def test_a_certificate_is_recorded_by_fingerprint_and_dates() -> None:
    columns = {field.attname for field in SigningCertificate._meta.concrete_fields}
    assert set(RELATED["certificate"][2]) == columns - OF_THE_ROW - {"pem", "fingerprint"}


def change(**columns: Any) -> Callable[[IdentityProvider], object]:
    return lambda row: IdentityProvider.objects.filter(pk=row.pk).update(**columns)


CHANGES: dict[str, tuple[Callable[[IdentityProvider], object], str, str, dict[str, Any]]] = {
    "a text": (
        change(subject_claim="mail"),
        IDENTITY_PROVIDER,
        "changed",
        {"subject_claim": [IdentityProviderFactory.subject_claim, "mail"]},
    ),
    "a switch": (change(enabled=True), IDENTITY_PROVIDER, "changed", {"enabled": [False, True]}),
    "a choice": (
        change(unsolicited="reject"),
        IDENTITY_PROVIDER,
        "changed",
        {"unsolicited": ["restart", "reject"]},
    ),
    "a mapping's order": (
        lambda row: row.claim_mappings.filter(target="email").update(position=7),
        "claim_mapping",
        "changed",
        {"position": [2, 7]},
    ),
    "a mapping's transforms": (
        lambda row: row.claim_mappings.filter(target="email").update(
            transforms=[{"name": "lower"}]
        ),
        "claim_mapping",
        "changed",
        {"transforms": [[], [{"name": "lower"}]]},
    ),
    "a new domain": (
        lambda row: EmailDomain.objects.create(identity_provider=row, domain="b.example"),
        "email_domain",
        "added",
        {"domain": [None, "b.example"]},
    ),
    "a domain less": (
        lambda row: row.email_domains.all().delete(),
        "email_domain",
        "removed",
        {"domain": ["acme.example", None]},
    ),
    "a domain's name": (
        lambda row: row.email_domains.update(domain="b.example"),
        "email_domain",
        "changed",
        {"domain": ["acme.example", "b.example"]},
    ),
    "an expired certificate": (
        lambda row: row.certificates.update(allow_expired=True),
        "certificate",
        "changed",
        {"allow_expired": [False, True]},
    ),
}


@pytest.mark.parametrize(("do", "what", "action", "changes"), CHANGES.values(), ids=CHANGES)
def test_changes_in_a_block_are_recorded(
    row: IdentityProvider,
    do: Callable[[IdentityProvider], object],
    what: str,
    action: str,
    changes: dict[str, Any],
) -> None:
    with recorded(row, ACTOR):
        do(row)
    found = only()
    assert (found[0], found[2], found[3]) == (what, action, changes)


def test_a_group_is_written_down_by_its_key(row: IdentityProvider) -> None:
    before, after = row.group_mappings.get().group_id, GroupFactory.create().pk
    with recorded(row, ACTOR):
        row.group_mappings.update(group=after, name="Finance")
    assert only()[:3] == ("group_mapping", "finance", "changed")
    assert only()[3] == {"name": ["", "Finance"], "group_id": [before, after]}


def test_a_certificate_is_written_down_without_itself(row: IdentityProvider) -> None:
    pair = rsa_key_pair("audit")
    with recorded(row, ACTOR):
        row.certificates.all().delete()
        added = SigningCertificate.objects.create(identity_provider=row, pem=pair.certificate)
    assert {(label, action) for _, label, action, _ in written()} == {
        (added.fingerprint, "added"),
        (rsa_fingerprint(), "removed"),
    }
    text = json.dumps(list(ConfigurationChange.objects.values()), default=str)
    assert "BEGIN" not in text
    assert pair.certificate.splitlines()[1][:40] not in text


def rsa_fingerprint() -> str:
    return FakeIdentityProvider().idp_metadata().signing_certificates[0].fingerprint


def test_a_certificate_that_is_removed_and_added_again_is_no_change(row: IdentityProvider) -> None:
    pem = row.certificates.get().pem
    with recorded(row, ACTOR):
        row.certificates.all().delete()
        SigningCertificate.objects.create(identity_provider=row, pem=pem)
    assert written() == []


def test_several_changes_are_several_lines_and_several_fields_are_one(
    row: IdentityProvider,
) -> None:
    with recorded(row, ACTOR, "a note"):
        row.force_authn, row.create_users = True, False
        row.save()
        row.claim_mappings.filter(target="email").delete()
    assert [(what, action) for what, _, action, _ in written()] == [
        ("identity_provider", "changed"),
        ("claim_mapping", "removed"),
    ]
    assert set(written()[0][3]) == {"force_authn", "create_users"}
    assert set(ConfigurationChange.objects.values_list("note", flat=True)) == {"a note"}


def test_a_block_without_changes_is_not_recorded(row: IdentityProvider) -> None:
    with recorded(row, ACTOR):
        row.save()
        IdentityProvider.objects.update(metadata_error="x", tested_at=LATER)
    assert written() == []


def test_rows_written_in_bulk_are_recorded_too(row: IdentityProvider) -> None:
    with recorded(row, ACTOR):
        row.claim_mappings.update(required=True)
        ClaimMapping.objects.bulk_create(
            [ClaimMapping(identity_provider=row, target="department", sources="x")]
        )
    assert [(label, action) for _, label, action, _ in written()] == [
        ("first_name", "changed"),
        ("last_name", "changed"),
        ("email", "changed"),
        ("username", "changed"),
        ("department", "added"),
    ]


def test_changes_of_another_identity_provider_are_not_recorded(row: IdentityProvider) -> None:
    other = IdentityProviderFactory.create()
    with recorded(row, ACTOR):
        other.force_authn = True
        other.save()
    assert written() == []


# From the beginning to the end


def test_a_new_one_is_written_down_with_all_it_has() -> None:
    row = IdentityProvider(slug="new", tenant=TenantFactory.create(), enabled=False)
    with recorded(row, ACTOR):
        row.save()
        row.claim_mappings.create(target="email", sources="mail")
    assert [(what, label, action) for what, label, action, _ in written()] == [
        ("identity_provider", "new", "added"),
        ("claim_mapping", "email", "added"),
    ]
    change = ConfigurationChange.objects.get(what=IDENTITY_PROVIDER)
    assert (change.identity_provider, change.tenant, change.slug) == (row, row.tenant, "new")
    assert change.changes["tenant_id"] == [None, row.tenant_id]


def test_one_that_is_deleted_is_written_down_with_all_it_had(row: IdentityProvider) -> None:
    tenant = row.tenant
    ConfigurationChange.objects.create(
        identity_provider=row, tenant=tenant, slug="acme", what="x", action="done"
    )
    with recorded(row, ACTOR):
        row.delete()
    kinds = {what for what, _, action, _ in written() if action == "removed"}
    assert kinds == {IDENTITY_PROVIDER, *RELATED}
    for change in ConfigurationChange.objects.all():
        assert (change.identity_provider, change.tenant, change.slug) == (None, tenant, "acme")


def test_one_that_goes_with_its_tenant_is_written_down_by_its_name(row: IdentityProvider) -> None:
    with recorded(row, ACTOR):
        row.tenant.delete()
    change = ConfigurationChange.objects.get(what=IDENTITY_PROVIDER)
    assert (change.slug, change.action, change.tenant) == ("acme", "removed", None)


def test_a_move_to_another_tenant_is_recorded_for_the_new_one(row: IdentityProvider) -> None:
    before, after = row.tenant, TenantFactory.create()
    with recorded(row, ACTOR):
        row.tenant = after
        row.save()
    change = ConfigurationChange.objects.get()
    assert change.tenant == after
    assert change.changes == {"tenant_id": [before.pk, after.pk]}


def test_the_record_outlives_everybody(row: IdentityProvider) -> None:
    user = UserFactory.create(username="ann")
    with recorded(row, Actor.person(user)):
        row.force_authn = True
        row.save()
    user.delete()
    row.tenant.delete()
    change = ConfigurationChange.objects.get()
    assert (change.user, change.tenant, change.identity_provider) == (None, None, None)
    assert (change.actor, change.slug) == ("ann", "acme")


def test_a_failure_takes_the_record_with_it(row: IdentityProvider) -> None:
    def fail() -> None:
        with recorded(row, ACTOR):
            row.force_authn = True
            row.save()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert written() == []
    assert not IdentityProvider.objects.get().force_authn


def test_a_rollback_around_it_takes_the_record_with_it(row: IdentityProvider) -> None:
    with transaction.atomic():
        with recorded(row, ACTOR):
            row.force_authn = True
            row.save()
        transaction.set_rollback(True)
    assert written() == []


# Many


def test_each_of_many_gets_its_own_changes(row: IdentityProvider) -> None:
    other = IdentityProviderFactory.create(slug="other")
    new = IdentityProvider(slug="new", tenant=row.tenant, enabled=False)
    with recorded_many([row, other, new], ACTOR):
        new.save()
        IdentityProvider.objects.exclude(slug="new").update(force_authn=True)
    found = ConfigurationChange.objects.order_by("pk").values_list("slug", "action")
    assert list(found) == [("acme", "changed"), ("other", "changed"), ("new", "added")]


def test_many_take_as_many_statements_as_two() -> None:
    def cost(count: int) -> int:
        rows = [connected(FakeIdentityProvider()) for _ in range(count)]
        with CaptureQueriesContext(connection) as queries, recorded_many(rows, ACTOR):
            IdentityProvider.objects.update(force_authn=True)
        return len(statements(queries))

    assert cost(2) == cost(3) == cost(10) == 12


def test_no_identity_providers_are_an_empty_snapshot_and_no_change() -> None:
    assert snapshots([]) == {}
    assert snapshot(IdentityProvider()) == {}
    with recorded_many([], ACTOR):
        pass
    assert written() == []


# Who


def test_a_user_is_named_by_their_user_name() -> None:
    user = UserFactory.create(username="ann")
    actor = Actor.person(user)
    assert (actor.name, actor.via, actor.user) == ("ann", Via.ADMIN, user)
    assert Actor.person(user, Via.API).via == Via.API


@pytest.mark.parametrize(("recipient", "name"), [("", ""), ("Bob", " (Bob)")])
def test_the_holder_of_a_setup_link_is_named_by_the_link(
    row: IdentityProvider, recipient: str, name: str
) -> None:
    link = SetupLink.objects.create(
        identity_provider=row, recipient=recipient, token_digest="secret", expires_at=LATER
    )
    actor = Actor.holder(link)
    assert (actor.name, actor.via, actor.user) == (
        f"setup link {link.pk}{name}",
        Via.SETUP_LINK,
        None,
    )


@pytest.mark.parametrize("failure", [KeyError, OSError])
def test_a_command_without_an_operating_system_user_has_a_question_mark(
    monkeypatch: pytest.MonkeyPatch, failure: type[Exception]
) -> None:
    def nameless() -> str:
        raise failure

    assert Actor.command("x").name.startswith("x (")
    monkeypatch.setattr("getpass.getuser", nameless)
    assert Actor.command("x") == Actor(via=Via.COMMAND, name="x (?)")


def test_names_of_any_length_are_cut_to_fit(row: IdentityProvider) -> None:
    long = "x" * 1000
    with recorded(row, Actor(via=Via.CODE, name=long), long):
        row.force_authn = True
        row.save()
        row.claim_mappings.all().delete()
        row.group_mappings.update(value="v" * 512)
    record_done(row, ACTOR, "test_sign_in", label=long, note=long)
    change = ConfigurationChange.objects.latest("pk")
    assert {len(text) for text in (change.label, change.note)} == {MAX_LABEL}


# What is no part of the configuration


def test_a_step_is_recorded(row: IdentityProvider) -> None:
    record_done(row, ACTOR, "test_sign_in", label="REF", note="passed")
    change = ConfigurationChange.objects.get()
    assert (change.identity_provider, change.tenant, change.slug) == (row, row.tenant, "acme")
    assert (change.what, change.label, change.note) == ("test_sign_in", "REF", "passed")
    assert (change.action, change.changes) == (Action.DONE, {})


def test_an_administrator_is_recorded_for_the_tenant(row: IdentityProvider) -> None:
    user = UserFactory.create(username="ann")
    given = TenantAdministrator.objects.create(user=user, tenant=row.tenant)
    record_administrator(given, ACTOR, Action.ADDED)
    change = ConfigurationChange.objects.get()
    assert (change.tenant, change.identity_provider, change.slug) == (row.tenant, None, "")
    assert (change.what, change.label, change.action) == ("tenant_administrator", "ann", "added")


# The digest of what is configured


def test_the_digest_does_not_depend_on_keys_or_order(row: IdentityProvider) -> None:
    other = connected(FakeIdentityProvider(), enabled=True)
    other.claim_mappings.all().delete()
    for mapping in row.claim_mappings.order_by("-pk"):
        mapping.pk, mapping.identity_provider = None, other
        mapping.save()
    group = row.group_mappings.get().group
    other.group_mappings.create(claim=row.group_mappings.get().claim, value="finance", group=group)
    assert configuration_digest(other) == configuration_digest(row)


def test_two_rows_of_the_same_content_are_not_one(row: IdentityProvider) -> None:
    before = configuration_digest(row)
    mapping = row.group_mappings.get()
    mapping.pk = None
    mapping.save()
    assert configuration_digest(row) != before
