from __future__ import annotations

import ast
import io
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

import jitprov
from jitprov.journal.actors import Actor
from jitprov.journal.audit import recorded
from jitprov.models import ConfigurationChange, IdentityProvider, Via
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db

ACTOR = Actor(via=Via.CODE, name="test")
KEYS = [
    "id",
    "at",
    "tenant",
    "identity_provider",
    "actor",
    "via",
    "what",
    "label",
    "action",
    "changes",
    "note",
]


def export(*args: str) -> list[dict[str, Any]]:
    out = io.StringIO()
    call_command("export_audit", *args, stdout=out)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def changed(slug: str, day: int = 1) -> IdentityProvider:
    row: IdentityProvider = IdentityProviderFactory.create(slug=slug, enabled=False)
    with recorded(row, ACTOR, "a note"):
        row.enabled = True
        row.save()
    at = datetime(2026, 1, day, 12, tzinfo=UTC)
    ConfigurationChange.objects.filter(slug=slug).update(created_at=at)
    return row


def slugs(*args: str) -> list[str]:
    return [line["identity_provider"] for line in export(*args)]


def test_every_change_is_a_line() -> None:
    row = changed("acme")
    (line,) = export()
    assert list(line) == KEYS
    assert line.pop("id")
    assert line == {
        "at": "2026-01-01T12:00:00+00:00",
        "tenant": row.tenant.slug,
        "identity_provider": "acme",
        "actor": "test",
        "via": "code",
        "what": "identity_provider",
        "label": "acme",
        "action": "changed",
        "changes": {"enabled": [False, True]},
        "note": "a note",
    }


def test_the_oldest_change_comes_first() -> None:
    for slug, day in (("c", 3), ("a", 1), ("b", 2)):
        changed(slug, day)
    assert slugs() == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("args", "found"),
    [
        (["--since", "2026-01-02"], ["b", "c"]),
        (["--until", "2026-01-02"], ["a", "b"]),
        (["--since", "2026-01-02", "--until", "2026-01-02"], ["b"]),
        (["--idp", "c"], ["c"]),
        (["--idp", "nobody"], []),
    ],
)
def test_a_period_can_be_chosen(args: list[str], found: list[str]) -> None:
    for slug, day in (("a", 1), ("b", 2), ("c", 3)):
        changed(slug, day)
    assert slugs(*args) == found


def test_changes_of_one_tenant_can_be_chosen() -> None:
    row = changed("a")
    changed("b")
    assert slugs("--tenant", row.tenant.slug) == ["a"]


def test_changes_of_a_deleted_identity_provider_are_found_by_its_slug() -> None:
    changed("a").delete()
    assert slugs("--idp", "a") == ["a"]


def test_changes_of_a_deleted_tenant_name_no_tenant() -> None:
    row = changed("a")
    row.delete()
    row.tenant.delete()
    (line,) = export()
    assert line["tenant"] is None


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--since", "yesterday"], "'yesterday' is not a date such as"),
        (["--until", "2026-02-30"], "is not a date"),
        (["--tenant", "nobody"], "There is no tenant"),
    ],
)
def test_a_wrong_argument_is_reported_in_one_line(args: list[str], words: str) -> None:
    with pytest.raises(CommandError, match=words) as caught:
        export(*args)
    assert "\n" not in str(caught.value)


def test_any_number_of_changes_is_read_in_one_statement() -> None:
    for number in range(5):
        changed(f"idp-{number}")
    with CaptureQueriesContext(connection) as queries:
        assert len(export()) == 5
    assert len(queries) == 1


def test_rows_come_in_chunks_each_once_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jitprov.management.commands.export_audit.CHUNK", 2)
    for number in range(5):
        changed(f"acme-{number}", day=1 + number // 3)

    found = [row["identity_provider"] for row in export()]

    assert found == [f"acme-{number}" for number in range(5)]


def test_no_statement_leaves_a_cursor_open_between_two_statements() -> None:
    """A pooler in transaction mode gives the connection to somebody else in between, and the cursor is gone."""
    code = Path(jitprov.__file__).parent
    found = [
        f"{path.relative_to(code)}:{node.lineno}"
        for path in sorted(code.rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "iterator"
    ]

    assert found == []
