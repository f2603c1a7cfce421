"""Long commands keep no statements, also where ``DEBUG`` is on."""

from __future__ import annotations

from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.core.management import call_command
from django.db import connection, reset_queries
from django.test.utils import CaptureQueriesContext

from jitprov.management.query_log import without_query_log
from jitprov.models import ConsumedAssertion, IdentityProvider, Tenant
from tests.support.factories import IdentityProviderFactory
from tests.support.federations import Federation, federation, members
from tests.support.importing import NOW

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Federation:
    return federation(tmp_path, monkeypatch)


@pytest.fixture
def debugging(settings: Settings) -> None:
    settings.DEBUG = True
    reset_queries()


def called(*args: str) -> str:
    out = StringIO()
    call_command(*args, stdout=out, stderr=StringIO())
    return out.getvalue()


def many(run: Federation) -> str:
    return run.many(members(300), 300)


def one(run: Federation) -> str:
    return run.run(run.file(members(1)), "--tenant", "acme")


def pruned(_run: Federation) -> str:
    row = IdentityProviderFactory.create()
    for number in range(3):
        ConsumedAssertion.objects.create(
            identity_provider=row, assertion_digest=str(number), expires_at=NOW
        )
    reset_queries()
    return called("prune_jitprov")


def refreshed(_run: Federation) -> str:
    return called("refresh_idp_metadata")


def worked_off(_run: Federation) -> str:
    return called("run_due")


def exported(_run: Federation) -> str:
    return called("export_audit")


@pytest.mark.usefixtures("debugging")
@pytest.mark.parametrize("command", [many, one, pruned, refreshed, worked_off, exported])
def test_a_long_command_keeps_no_statement(
    run: Federation, command: Callable[[Federation], str]
) -> None:
    reset_queries()

    command(run)

    assert not [one["sql"] for one in connection.queries_log]


@pytest.mark.usefixtures("debugging")
def test_statements_before_and_after_are_kept() -> None:
    list(Tenant.objects.all())
    with without_query_log():
        list(IdentityProvider.objects.all())
    list(Tenant.objects.all())

    assert len(connection.queries_log) == 2


@pytest.mark.usefixtures("debugging")
def test_the_log_comes_back_after_a_failure() -> None:
    kept = connection.queries_log

    with pytest.raises(ZeroDivisionError), without_query_log():
        1 / 0  # noqa: B018

    assert connection.queries_log is kept


def test_statements_that_somebody_counts_are_counted() -> None:
    with CaptureQueriesContext(connection) as counted:
        called("export_audit")

    assert len(counted) > 0
