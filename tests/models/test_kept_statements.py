"""Statements that are compiled once read and write what Django's own would, wherever and however they run."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import IntegrityError, connection, connections, router, transaction
from django.db.models import Model
from django.db.models.signals import post_save
from django.db.transaction import TransactionManagementError
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jitprov.accounts.people import identity_of
from jitprov.models import (
    ConsumedAssertion,
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
    SigningCertificate,
    kept_statements,
)
from jitprov.models.kept_statements import KeptSelect, Parameter, insert
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import (
    ExternalIdentityFactory,
    IdentityProviderFactory,
    connected,
    map_group,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(fake_identity_provider: FakeIdentityProvider) -> IdentityProvider:
    row = connected(fake_identity_provider, slug="acme")
    map_group(row, "a group")
    return row


def columns(row: Model) -> dict[str, Any]:
    return {field.name: getattr(row, field.attname) for field in row._meta.concrete_fields}


# SELECT


def test_a_kept_select_reads_what_the_query_set_reads(row: IdentityProvider) -> None:
    IdentityProviderFactory.create(slug="another")
    by_django = IdentityProvider.objects.with_configuration().get(slug="acme")
    for _ in range(2):  # compiled, then kept
        kept = IdentityProvider.meant_by("acme")
        assert kept is not None
        assert vars(kept).keys() == vars(by_django).keys()
        assert columns(kept) == columns(by_django) == columns(row)
        assert columns(kept.tenant) == columns(by_django.tenant)
        assert kept.as_metadata() == by_django.as_metadata()
        assert kept.claim_rules() == by_django.claim_rules()
        assert kept.group_rules() == by_django.group_rules()
        assert not kept._state.adding
        assert kept._state.db == by_django._state.db


def test_another_value_reads_another_row_or_none(
    row: IdentityProvider,
) -> None:
    another = IdentityProviderFactory.create(slug="another")
    assert IdentityProvider.meant_by("acme") == row
    assert IdentityProvider.meant_by("another") == another
    assert IdentityProvider.meant_by("nobody's") is None
    assert IdentityProvider.meant_by("' OR 1=1 --") is None


def test_no_row_is_kept(row: IdentityProvider) -> None:
    before = IdentityProvider.meant_by("acme")
    assert before is not None
    SigningCertificate.objects.filter(identity_provider=row).delete()
    IdentityProvider.objects.filter(pk=row.pk).update(enabled=False)
    after = IdentityProvider.meant_by("acme")
    assert after is not None
    assert before.as_metadata().signing_certificates
    assert not after.as_metadata().signing_certificates
    assert not after.enabled


def test_a_person_is_read_with_who_they_are(row: IdentityProvider) -> None:
    identity = ExternalIdentityFactory.create(identity_provider=row, external_id="ann")
    ExternalIdentityFactory.create(identity_provider=row, external_id="Ann")
    assert connection.features.supports_json_field  # a statement, the first time in a process
    with CaptureQueriesContext(connection) as queries:
        found = identity_of(row, "ann")
        assert found == identity
        assert found.user == identity.user
    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_a_locking_statement_needs_a_transaction(row: IdentityProvider) -> None:
    with transaction.atomic():
        assert identity_of(row, "ann") is None
    with pytest.raises(TransactionManagementError):
        identity_of(row, "ann")


# What the text of a statement follows from


def text_of(select: KeptSelect[Any]) -> str:
    with CaptureQueriesContext(connection) as queries:
        select.run(slug="acme")
    return str(queries[0]["sql"])


def by_slug() -> KeptSelect[IdentityProvider]:
    return KeptSelect(lambda: IdentityProvider.objects.filter(slug=Parameter("slug")))


def test_a_database_backend_that_names_schemas_gets_a_text_for_each(
    row: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As django-tenants does not, but others may: the tenant's schema stands before each name."""
    select, quote = by_slug(), connection.ops.quote_name
    own = {"sqlite": "main", "postgresql": "public"}.get(
        connection.vendor, str(connection.settings_dict["NAME"])
    )
    plain = text_of(select)

    def qualified(name: str) -> str:
        return f"{quote(own)}.{quote(name)}" if name.startswith("jitprov_") else quote(name)

    monkeypatch.setattr(connection.ops, "quote_name", qualified)
    assert qualified("jitprov_identityprovider") in text_of(select)
    monkeypatch.undo()
    assert text_of(select) == plain


class _Stop(Exception):
    pass


@contextmanager
def another_database() -> Iterator[list[str]]:
    """Add a database, and collect what it is asked; it is never connected to."""
    seen: list[str] = []

    def stop(_execute: Any, sql: str, *_: Any) -> Any:
        seen.append(sql)
        raise _Stop

    connections.settings["another"] = {**connections.settings["default"]}
    try:
        with connections["another"].execute_wrapper(stop):
            yield seen
    finally:
        connections["another"].close()
        del connections["another"]
        del connections.settings["another"]


@pytest.mark.django_db(databases=["default"])
def test_the_router_says_at_every_run_where_it_runs(
    row: IdentityProvider, monkeypatch: pytest.MonkeyPatch, django_db_blocker: Any
) -> None:
    select = by_slug()
    assert select.run(slug="acme") == [row]
    with another_database() as asked, django_db_blocker.unblock():
        monkeypatch.setattr(router, "db_for_read", lambda _model, **_hints: "another")
        monkeypatch.setattr(type(connections["another"]), "cursor", _cursor)
        with pytest.raises(_Stop):
            select.run(slug="acme")
        monkeypatch.undo()
    assert len(asked) == 1
    assert len(select._kept._compiled) == 2
    assert select.run(slug="acme") == [row]


def _cursor(self: Any) -> Any:
    return self.make_cursor(SimpleNamespace(close=lambda: None))


def test_times_are_read_as_the_settings_say_now(row: IdentityProvider) -> None:
    select = by_slug()
    [aware] = select.run(slug="acme")
    with override_settings(USE_TZ=False):
        [naive] = select.run(slug="acme")
    assert timezone.is_aware(aware.created_at)
    if connection.vendor != "postgresql":  # whose connection decides that, when it is opened
        assert timezone.is_naive(naive.created_at)


def test_a_bounded_number_of_texts_is_kept(
    row: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_statements, "MAX_KEPT", 3)
    select, quote = by_slug(), connection.ops.quote_name
    for number in range(10):
        monkeypatch.setattr(
            connection.ops, "quote_name", lambda name, n=number: quote(name) + " " * n
        )
        assert select.run(slug="acme") == [row]
        assert len(select._kept._compiled) <= 3


# INSERT


def new_event(row: IdentityProvider) -> ProvisioningEvent:
    return ProvisioningEvent(
        identity_provider=row,
        tenant_id=row.tenant_id,
        outcome=Outcome.REFUSED,
        reason="conflict",
        changed_fields=["email", "é"],
        details={"expected": "a", "received": ["😀"]},
    )


def test_an_insert_writes_what_save_writes(row: IdentityProvider) -> None:
    for _ in range(2):  # compiled, then kept
        written = insert(new_event(row))
        assert not written._state.adding
        assert written.pk is not None
        read = ProvisioningEvent.objects.get(pk=written.pk)
        assert columns(read) == columns(written)
        saved = new_event(row)
        saved.save()
        differing = {"id", "reference", "created_at"}
        assert {name: value for name, value in columns(read).items() if name not in differing} == {
            name: value
            for name, value in columns(ProvisioningEvent.objects.get(pk=saved.pk)).items()
            if name not in differing
        }


def test_an_insert_is_one_statement(row: IdentityProvider) -> None:
    insert(new_event(row))
    with CaptureQueriesContext(connection) as queries:
        insert(new_event(row))
    assert [query["sql"].split()[0] for query in queries] == ["INSERT"]


def test_an_insert_sends_post_save(row: IdentityProvider) -> None:
    told = []

    def listen(sender: type[Model], instance: Model, created: bool, **_: Any) -> None:
        told.append((sender, instance.pk, created))

    post_save.connect(listen)  # to every model, as packages that keep an audit log do
    try:
        event = insert(new_event(row))
    finally:
        post_save.disconnect(listen)
    assert told == [(ProvisioningEvent, event.pk, True)]
    assert ProvisioningEvent.objects.filter(pk=event.pk).exists()


def test_a_row_that_is_there_is_an_error_and_spoils_the_transaction(row: IdentityProvider) -> None:
    def used() -> ConsumedAssertion:
        return ConsumedAssertion(
            identity_provider=row, assertion_digest="d" * 64, expires_at=timezone.now()
        )

    insert(used())
    with transaction.atomic():
        with pytest.raises(IntegrityError):
            insert(used())
        assert connection.needs_rollback
        connection.needs_rollback = False
        transaction.set_rollback(True)
