from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import Model
from django.db.models.signals import post_save, pre_save
from django.test.utils import CaptureQueriesContext

from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    IdentityProvider,
    SigningCertificate,
)
from jitprov.models.inserts import insert_rows
from jitprov.testing import rsa_key_pair
from tests.support.factories import IdentityProviderFactory, TenantFactory, UserFactory

pytestmark = pytest.mark.django_db

DAY = datetime(2031, 2, 3, 4, 5, 6, 789, tzinfo=UTC)
TAKEN_BY_ITSELF = {"id", "created_at", "updated_at"}


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create(slug="acme")


def objects(row: IdentityProvider) -> dict[type[Model], list[Model]]:
    """Return objects that are not saved, with every kind of value that their columns can have."""
    user, tenant = UserFactory.create(), TenantFactory.create()
    change = {"transforms": [None, [{"name": "table", "table": {"é": "漢字", "'": '"\\%s'}}]]}
    return {
        ClaimMapping: [
            ClaimMapping(identity_provider=row, target="email", position=1, required=True),
            ClaimMapping(identity_provider=row, target="é'%s", sources="a\nb", position=0),
            ClaimMapping(identity_provider=row, target="x", transforms=[{"name": "lower"}]),
        ],
        ConfigurationChange: [
            ConfigurationChange(tenant=tenant, user=user, what="1", changes=change),
            ConfigurationChange(what="2", changes=change, identity_provider=row),
            ConfigurationChange(what="3", changes={"a": [1, True], "b": [False, 0]}),
            ConfigurationChange(what="4", changes={"a": [True, 1], "b": [0, False]}),
        ],
        SigningCertificate: [
            SigningCertificate(
                identity_provider=row,
                pem=rsa_key_pair().certificate,
                fingerprint="f",
                not_before=DAY,
                not_after=DAY,
                allow_expired=True,
            )
        ],
        IdentityProvider: [
            IdentityProvider(tenant=tenant, slug="new", enabled=False, tested_at=DAY),
            IdentityProvider(tenant=row.tenant, slug="newer", enabled=False),
        ],
    }


MODELS = [ClaimMapping, ConfigurationChange, SigningCertificate, IdentityProvider]


def written(model: type[Model]) -> list[dict[str, Any]]:
    rows = model._default_manager.order_by("pk").values()
    return [{name: one[name] for name in one.keys() - TAKEN_BY_ITSELF} for one in rows]


@pytest.mark.parametrize("model", MODELS)
def test_rows_are_as_bulk_create_would_have_written_them(
    row: IdentityProvider, model: type[Model]
) -> None:
    ours = objects(row)[model]

    def inserted(insert: Any) -> list[dict[str, Any]]:
        with transaction.atomic():
            insert()
            found = written(model)
            transaction.set_rollback(True)
        return found

    expected = inserted(lambda: model._default_manager.bulk_create(objects(row)[model]))
    found = inserted(lambda: insert_rows(model, map(vars, ours)))
    # Each has made tenants and users of its own.
    own = {"tenant_id", "user_id"}
    assert len(found) >= len(ours)
    assert [repr({k: one[k] for k in sorted(one.keys() - own)}) for one in found] == [
        repr({k: one[k] for k in sorted(one.keys() - own)}) for one in expected
    ]
    for one, given in zip(found[-len(ours) :], ours, strict=True):
        assert {k: one[k] for k in own & one.keys()} == {
            k: getattr(given, k) for k in own & one.keys()
        }


def test_a_field_takes_the_time_by_itself(row: IdentityProvider) -> None:
    old = {**vars(IdentityProvider(tenant=row.tenant, slug="new", enabled=False))}
    insert_rows(IdentityProvider, [{**old, "created_at": DAY, "updated_at": DAY}])
    found = IdentityProvider.objects.get(slug="new")
    assert row.created_at <= found.created_at == found.updated_at < DAY


def test_a_column_that_is_missing_is_an_error(row: IdentityProvider) -> None:
    with pytest.raises(KeyError, match="sources"):
        insert_rows(ClaimMapping, [{"identity_provider_id": row.pk, "position": 1}])


def test_no_rows_need_no_statement(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(0):
        insert_rows(ClaimMapping, [])


def test_many_are_one_statement_of_which_the_values_are_not_kept(row: IdentityProvider) -> None:
    rows = [vars(ClaimMapping(identity_provider=row, target=f"field {n}")) for n in range(50)]
    with CaptureQueriesContext(connection) as queries:
        insert_rows(ClaimMapping, rows)
    (statement,) = [one["sql"] for one in queries if "INSERT" in one["sql"]]
    # With DEBUG, Django keeps statements in memory; the values of many rows would be most of it.
    assert "field" not in statement
    assert row.claim_mappings.count() == 50


def test_no_signal_is_sent(row: IdentityProvider) -> None:
    seen: list[Any] = []

    def receiver(sender: Any, **_: Any) -> None:
        seen.append(sender)

    for signal in (pre_save, post_save):
        signal.connect(receiver, sender=ClaimMapping)
    try:
        insert_rows(ClaimMapping, [vars(ClaimMapping(identity_provider=row, target="x"))])
    finally:
        for signal in (pre_save, post_save):
            signal.disconnect(receiver, sender=ClaimMapping)
    assert seen == []


def test_a_row_that_is_refused_takes_all_with_it(row: IdentityProvider) -> None:
    mapping = vars(ClaimMapping(identity_provider=row, target="x"))
    with pytest.raises(IntegrityError), transaction.atomic():
        insert_rows(ClaimMapping, [mapping, mapping])
    assert row.claim_mappings.count() == 0
