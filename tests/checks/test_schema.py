"""A tenant or user model that is named after the first migrate is refused, before one customer's row is another's."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.checks import run_checks
from django.db import connection
from django.db.backends.signals import connection_created

from jitprov.checks import schema
from jitprov.exceptions import ConfigurationError
from jitprov.models import IdentityProvider, TenantAdministrator

CHECKOUT = Path(__file__).parents[2]
TENANT: Any = TenantAdministrator._meta.get_field("tenant").related_model
READING = "from jitprov.models import IdentityProvider as I; print(I.objects.count())"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def manage(tmp_path: Path) -> Run:
    def run(*arguments: str, settings: str) -> subprocess.CompletedProcess[str]:
        database = f"sqlite:///{tmp_path / 'host.sqlite3'}"
        return subprocess.run(
            [sys.executable, "manage.py", *arguments, "--settings", settings],
            cwd=CHECKOUT,
            env={**os.environ, "DATABASE_URL": database},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


def test_a_tenant_model_that_is_named_too_late_is_refused_by_every_way(manage: Run) -> None:
    assert manage("migrate", settings="tests.settings").returncode == 0

    for command in (["check", "--database", "default"], ["migrate"]):
        refused = manage(*command, settings="tests.settings_swapped")
        assert refused.returncode == 1, command
        assert f"({schema.REFERS_ELSEWHERE}) JITPROV_TENANT_MODEL is" in refused.stderr
        assert "Traceback" not in refused.stderr
    read = manage("shell", "-c", READING, settings="tests.settings_swapped")
    assert "ConfigurationError: JITPROV_TENANT_MODEL is" in read.stderr + read.stdout
    other = manage("shell", "-c", "print('fine')", settings="tests.settings_swapped")
    assert "fine" in other.stdout

    assert manage("check", "--database", "default", settings="tests.settings").returncode == 0
    assert "0" in manage("shell", "-c", READING, settings="tests.settings").stdout


@pytest.mark.parametrize("named", ["jitprov.Tenent", "nowhere", "orgs.Organisation"])
def test_a_misspelt_tenant_model_is_one_error(tmp_path: Path, named: str) -> None:
    lines = ["from tests.settings import *", f"JITPROV_TENANT_MODEL = {named!r}", ""]
    (tmp_path / "misspelt.py").write_text("\n".join(lines))
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--settings", "misspelt"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert (
        f"ImproperlyConfigured: JITPROV_TENANT_MODEL is {named!r}, and there is no such model."
        in last
    )
    assert ("Did you mean 'jitprov.Tenant'?" in last) is (named == "jitprov.Tenent")


# On the database of the tests


@pytest.fixture
def _not_compared() -> Iterator[None]:
    wrappers = list(connection.execute_wrappers)
    kept = dict(schema._compared)
    schema._compared.clear()
    yield
    schema._compared.clear()
    schema._compared.update(kept)
    connection.execute_wrappers[:] = wrappers


@pytest.mark.django_db
def test_tables_that_fit_are_left_alone() -> None:
    assert run_checks(tags=["jitprov"], databases=["default"]) == []


@pytest.mark.django_db
@pytest.mark.usefixtures("_not_compared")
@pytest.mark.parametrize("model", [TENANT, get_user_model()])
def test_tables_of_another_model_are_found_on_every_database(
    monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    IdentityProvider.objects.count()
    monkeypatch.setattr(model._meta, "db_table", "elsewhere")
    [found] = schema.check_schema(None, databases=["default"])
    assert found.id == schema.REFERS_ELSEWHERE

    connection_created.send(type(connection), connection=connection)

    with pytest.raises(ConfigurationError, match="made for another"):
        IdentityProvider.objects.count()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db
@pytest.mark.usefixtures("_not_compared")
def test_a_process_compares_once(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        for _ in range(3):
            connection_created.send(type(connection), connection=connection)
