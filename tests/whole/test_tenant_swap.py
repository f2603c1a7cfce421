from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest

ROOT = Path(__file__).parents[2]
RUN = "import django; django.setup(); from tests.support.whole_sign_in import main; main()"
EXPLICIT = """
from tests.settings import *
JITPROV_TENANT_MODEL = "jitprov.Tenant"
"""
TENANTS = ["tests.settings", "settings_explicit", "tests.settings_swapped"]
HOSTS = [*TENANTS, "tests.settings_email"]

Report: TypeAlias = "dict[str, Any]"


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Report]:
    """Return a function that says what came of a host with the named settings. Each is run once."""
    done: dict[str, Report] = {}

    def report(settings: str) -> Report:
        if settings not in done:
            done[settings] = run(settings, tmp_path_factory.mktemp("host"))
        return done[settings]

    return report


def run(settings: str, folder: Path) -> Report:
    """Migrate, check and sign in, in a process and a database of their own."""
    (folder / "settings_explicit.py").write_text(EXPLICIT, "utf-8")
    environment = {
        **os.environ,
        "DATABASE_URL": f"sqlite:///{folder / 'host.sqlite3'}",
        "DJANGO_SETTINGS_MODULE": settings,
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]),
    }
    process = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert process.returncode == 0, process.stdout + process.stderr
    report: Report = json.loads(process.stdout.splitlines()[-1])
    return report


def came_in(outcome: str) -> dict[str, Any]:
    return {"status": 302, "outcome": outcome, "reason": "", "signed in": True}


def refused(reason: str) -> dict[str, Any]:
    return {"status": 403, "outcome": "refused", "reason": reason, "signed in": False}


# Which model a tenant is


@pytest.mark.parametrize("settings", HOSTS)
def test_a_host_migrates_lacks_no_migration_and_signs_people_in(
    host: Callable[[str], Report], settings: str
) -> None:
    report = host(settings)

    assert report["first"] == came_in("created")
    assert report["second"] == came_in("updated")


@pytest.mark.parametrize("settings", HOSTS)
def test_a_person_is_explained_whatever_the_models_are(
    host: Callable[[str], Report], settings: str
) -> None:
    explained = host(settings)["explained"]

    fields = {field["field"]: field for field in explained["fields"]}
    assert fields["last_name"]["value"] == "Baker"
    assert fields["last_name"]["written"]["mapping"] == "there"
    assert [one["outcome"] for one in explained["attempts"]][-2:] == ["updated", "created"]


@pytest.mark.parametrize("settings", HOSTS)
def test_an_administrator_sees_their_tenant_whatever_the_models_are(
    host: Callable[[str], Report], settings: str
) -> None:
    report = host(settings)

    assert report["seen"] == {
        "tenants": 1,
        "identity providers": 1,
        "people": len(report["users"]),
    }


@pytest.mark.parametrize("settings", TENANTS)
def test_only_the_tenant_model_that_is_used_has_a_table(
    host: Callable[[str], Report], settings: str
) -> None:
    swapped = settings == "tests.settings_swapped"

    tables = host(settings)["tables"]

    assert ("jitprov_tenant" in tables) is not swapped
    assert ("zz_tenants_organisation" in tables) is swapped


def test_an_inactive_tenant_of_the_host_s_own_lets_nobody_leave_or_come_back(
    host: Callable[[str], Report],
) -> None:
    report = host("tests.settings_swapped")

    assert report["waiting"] == refused("tenant_disabled")
    assert report["closed"] == {"status": 403, "error": "tenant_disabled"}


# Which model a user is


def test_people_without_a_user_name_are_known_by_their_e_mail_address(
    host: Callable[[str], Report],
) -> None:
    assert host("tests.settings_email")["users"] == [
        {"email": "ann.baker@acme.example", "last_name": "Baker"}
    ]


def test_where_the_e_mail_address_is_the_user_name_nobody_comes_in_without(
    host: Callable[[str], Report],
) -> None:
    assert host("tests.settings_email")["without e-mail"] == refused("required_claim_missing")


def test_an_e_mail_address_that_is_a_user_name_leads_to_nobody_else_s_account(
    host: Callable[[str], Report],
) -> None:
    assert host("tests.settings_email")["same e-mail"] == refused("conflict")


def test_where_there_are_user_names_an_e_mail_address_is_not_needed(
    host: Callable[[str], Report],
) -> None:
    report = host("tests.settings")

    assert report["without e-mail"] == report["same e-mail"] == came_in("created")
    assert report["users"][1] == {"username": "bob", "email": "", "last_name": "Baker"}
