"""Every look-up of a sign-in uses an index."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection, transaction

from jitprov.accounts.people import identity_of
from jitprov.models import IdentityProvider
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.factories import IdentityProviderFactory, connected, map_group

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


Statement = tuple[str, Any]


@contextmanager
def watched() -> Iterator[list[Statement]]:
    """Collect every statement that reads rows."""
    seen: list[Statement] = []

    def watch(execute: Any, sql: str, params: Any, many: Any, context: Any) -> Any:
        if sql.startswith(("SELECT", "UPDATE", "DELETE")):
            seen.append((sql, params))
        return execute(sql, params, many, context)

    assert connection.features.supports_json_field  # a statement that runs only once in a process
    with connection.execute_wrapper(watch):
        yield seen


def full_scans(statement: Statement) -> list[str]:
    """Return the steps of the query plan that scan a whole table or index."""
    return {"sqlite": _sqlite_scans, "postgresql": _postgresql_scans}[connection.vendor](statement)


def _sqlite_scans(statement: Statement) -> list[str]:
    sql, params = statement
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        steps = [row[3] for row in cursor.fetchall()]
    return [step for step in steps if step.startswith("SCAN") and step != "SCAN CONSTANT ROW"]


def _postgresql_scans(statement: Statement) -> list[str]:
    sql, params = statement
    with connection.cursor() as cursor:
        # PostgreSQL would prefer to scan a small table; the question is whether it must.
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        found = cursor.fetchone()[0]
    plan = json.loads(found) if isinstance(found, str) else found
    return [
        f"{node['Node Type']} on {node.get('Relation Name', node.get('Index Name'))}"
        for node in _nodes(plan[0]["Plan"])
        if node["Node Type"] == "Seq Scan"
        or ("Index" in node["Node Type"] and "Index Cond" not in node)
    ]


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from _nodes(child)


needs_explain = pytest.mark.skipif(
    connection.vendor not in {"sqlite", "postgresql"}, reason="its plans are not read here"
)


@needs_explain
def test_a_look_up_without_an_index_is_noticed() -> None:
    with watched() as statements:
        list(IdentityProvider.objects.filter(entity_id="x"))

    assert full_scans(statements[0])


@needs_explain
def test_the_configuration_is_looked_up_by_indexes(row: IdentityProvider) -> None:
    with watched() as statements:
        IdentityProvider.objects.with_configuration().filter(slug=row.slug).first()

    assert len(statements) == 1
    assert full_scans(statements[0]) == []


@needs_explain
def test_a_person_is_looked_up_by_indexes(row: IdentityProvider) -> None:
    with watched() as statements, transaction.atomic():
        identity_of(row, "ann")

    assert len(statements) == 1
    assert full_scans(statements[0]) == []


def test_consumed_assertions_have_a_unique_index() -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, "jitprov_consumedassertion")

    columns = ["identity_provider_id", "assertion_digest"]
    assert any(item["unique"] and item["columns"] == columns for item in found.values())


@needs_explain
@pytest.mark.parametrize(
    "kind", ["a first sign-in", "a later one", "one that is used again", "junk"]
)
def test_every_look_up_on_a_sign_in_uses_an_index(
    kind: str,
    saml_sign_in: SignIn,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
) -> None:
    settings.JITPROV_UNVERIFIED_EVENTS_KEPT = 0
    idp = connected(fake_identity_provider)
    map_group(idp, ANN.groups[0])
    if kind != "a first sign-in":
        used = saml_sign_in.begin(idp, fake_identity_provider)
        saml_sign_in.deliver(used)

    with watched() as statements:
        if kind == "one that is used again":
            saml_sign_in.deliver(used)
        else:
            knobs: dict[str, Any] = {"sign": None} if kind == "junk" else {}
            saml_sign_in(idp, fake_identity_provider, **knobs)

    assert statements
    scans = {sql: found for sql, params in statements if (found := full_scans((sql, params)))}
    assert scans == {}
