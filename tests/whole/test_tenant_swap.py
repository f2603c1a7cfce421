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
    """Return a function that runs a host with the named settings, once for each, and returns its report."""
    done: dict[str, Report] = {}

    def report(settings: str) -> Report:
        if settings not in done:
            done[settings] = run(settings, tmp_path_factory.mktemp("host"))
        return done[settings]

    return report


def run(settings: str, folder: Path) -> Report:
    """Migrate, check and sign in, in a separate process with its own database."""
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


# Tenant models


@pytest.mark.parametrize("settings", HOSTS)
def test_every_host_migrates_and_signs_people_in(
    host: Callable[[str], Report], settings: str
) -> None:
    report = host(settings)

    assert report["first"] == came_in("created")
    assert report["second"] == came_in("updated")


@pytest.mark.parametrize("settings", HOSTS)
def test_a_person_is_explained_with_every_model(
    host: Callable[[str], Report], settings: str
) -> None:
    explained = host(settings)["explained"]

    fields = {field["field"]: field for field in explained["fields"]}
    assert fields["last_name"]["value"] == "Baker"
    assert fields["last_name"]["written"]["mapping"] == "there"
    assert [one["outcome"] for one in explained["attempts"]][-2:] == ["updated", "created"]


@pytest.mark.parametrize("settings", HOSTS)
def test_an_administrator_sees_their_tenant_with_every_model(
    host: Callable[[str], Report], settings: str
) -> None:
    report = host(settings)

    assert report["seen"] == {
        "tenants": 1,
        "identity providers": 1,
        "people": len(report["users"]),
    }


@pytest.mark.parametrize("settings", TENANTS)
def test_only_the_used_tenant_model_has_a_table(
    host: Callable[[str], Report], settings: str
) -> None:
    swapped = settings == "tests.settings_swapped"

    tables = host(settings)["tables"]

    assert ("jitprov_tenant" in tables) is not swapped
    assert ("zz_tenants_organisation" in tables) is swapped


def test_an_inactive_tenant_can_neither_begin_nor_finish_a_sign_in(
    host: Callable[[str], Report],
) -> None:
    report = host("tests.settings_swapped")

    assert report["waiting"] == refused("tenant_disabled")
    assert report["closed"] == {"status": 403, "error": "tenant_disabled"}


# User models


def test_without_user_names_the_email_address_is_the_user_name(
    host: Callable[[str], Report],
) -> None:
    assert host("tests.settings_email")["users"] == [
        {"email": "ann.baker@acme.example", "last_name": "Baker"}
    ]


def test_without_user_names_a_person_without_an_email_address_is_refused(
    host: Callable[[str], Report],
) -> None:
    assert host("tests.settings_email")["without e-mail"] == refused("required_claim_missing")


def test_without_user_names_an_email_address_of_another_account_is_refused(
    host: Callable[[str], Report],
) -> None:
    assert host("tests.settings_email")["same e-mail"] == refused("conflict")


def test_with_user_names_an_email_address_is_not_needed(
    host: Callable[[str], Report],
) -> None:
    report = host("tests.settings")

    assert report["without e-mail"] == report["same e-mail"] == came_in("created")
    assert report["users"][1] == {"username": "bob", "email": "", "last_name": "Baker"}
