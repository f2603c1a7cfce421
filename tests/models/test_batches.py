"""Many rows are deleted and updated in small transactions, and only those that were meant."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.utils.timezone import now

import jitprov
from jitprov.models import Outcome, ProvisioningEvent, batches, new_reference
from jitprov.models.batches import delete_in_batches, update_in_batches

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "BATCH_SIZE", 3)


@pytest.fixture
def events() -> list[ProvisioningEvent]:
    made = [
        ProvisioningEvent(outcome=Outcome.CREATED, reference=new_reference(), reason=str(i % 2))
        for i in range(14)
    ]
    ProvisioningEvent.objects.bulk_create(made)
    return made


def sizes(beginning: str, work: Any) -> tuple[int, list[int]]:
    """Return what the work returns, and the number of rows that each of its statements wrote."""
    written = []

    def watch(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if sql.startswith(beginning):
            written.append(context["cursor"].rowcount)
        return result

    with connection.execute_wrapper(watch):
        return work(), written


@pytest.mark.usefixtures("events")
def test_rows_are_deleted_by_small_statements_and_others_stay() -> None:
    rows = ProvisioningEvent.objects.filter(reason="1")

    assert sizes("DELETE", lambda: delete_in_batches(rows)) == (7, [3, 3, 1])
    assert ProvisioningEvent.objects.count() == 7


@pytest.mark.usefixtures("events")
def test_rows_are_updated_by_small_statements_and_others_stay() -> None:
    rows = ProvisioningEvent.objects.filter(reason="1")

    assert sizes("UPDATE", lambda: update_in_batches(rows, claims="x")) == (7, [3, 3, 1])
    assert ProvisioningEvent.objects.filter(claims="x").count() == 7


@pytest.mark.usefixtures("events")
def test_nothing_that_is_pruned_is_deleted_by_one_statement() -> None:
    ProvisioningEvent.objects.update(created_at=now() - timedelta(days=500), claims="x")

    _, deleted = sizes("DELETE", lambda: call_command("prune_jitprov", verbosity=0))

    assert sum(deleted) == 14
    assert max(deleted) == 3


def test_commands_delete_and_update_only_in_batches() -> None:
    """A command runs beside the sign-ins: what it writes in one statement keeps them all waiting."""
    commands = Path(jitprov.__file__).parent / "management"
    found = [
        f"{path.name}:{node.lineno}"
        for path in sorted(commands.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in {"delete", "update", "bulk_update"}
    ]

    assert found == []
