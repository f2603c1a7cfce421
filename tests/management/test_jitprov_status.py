from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError
from django.utils import timezone

from jitprov.models import ClaimMapping, IdentityProvider, Outcome, ProvisioningEvent
from jitprov.status import attention
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import TenantFactory, connected

pytestmark = pytest.mark.django_db


def run(*args: str) -> tuple[str, int]:
    """Run the command, and return its output and exit code."""
    written = io.StringIO()
    code = 0
    try:
        call_command("jitprov_status", *args, stdout=written)
    except SystemExit as ended:
        code = int(str(ended.code))
    return written.getvalue(), code


@pytest.fixture
def acme(fake_identity_provider: FakeIdentityProvider) -> IdentityProvider:
    tenant = TenantFactory.create(slug="acme", name="Acme Ltd")
    row = connected(fake_identity_provider, slug="acme-entra", tenant=tenant)
    ProvisioningEvent.objects.create(
        identity_provider=row, tenant=row.tenant, outcome=Outcome.CREATED
    )
    return row


@pytest.fixture
def globex(fake_identity_provider: FakeIdentityProvider) -> IdentityProvider:
    return connected(
        fake_identity_provider, slug="globex", tenant=TenantFactory.create(slug="globex")
    )


def unused(row: IdentityProvider) -> None:
    row.events.all().delete()
    IdentityProvider.objects.filter(pk=row.pk).update(
        enabled_at=timezone.now() - timedelta(days=50)
    )


def without_certificate(row: IdentityProvider) -> None:
    row.certificates.all().delete()


@pytest.mark.usefixtures("acme")
def test_nothing_wrong_is_exit_code_0() -> None:
    assert run() == (
        "Nothing needs attention.\nIn 30 days: 1 sign-ins, 1 of them first sign-ins, and 0 refusals.\n",
        0,
    )


def test_a_warning_is_exit_code_1(acme: IdentityProvider) -> None:
    unused(acme)

    said, code = run()

    assert code == 1
    assert said.startswith("WARNING  acme-entra of Acme Ltd  [unused]\n  It has been enabled since")


def test_something_critical_is_exit_code_2(
    acme: IdentityProvider, globex: IdentityProvider
) -> None:
    unused(acme)
    without_certificate(globex)

    said, code = run()

    assert code == 2
    assert said.index("CRITICAL  globex") < said.index("WARNING  acme-entra")


def test_information_alone_is_exit_code_0(
    acme: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    newest = acme.certificates.get()
    newest.pk, newest.fingerprint = None, "0" * 64
    type(newest).objects.bulk_create([newest])
    old = acme.certificates.exclude(fingerprint="0" * 64)
    old.update(not_after=timezone.now() - timedelta(days=1))
    acme.certificates.filter(fingerprint="0" * 64).update(
        not_after=timezone.now() + timedelta(days=900)
    )

    said, code = run()

    assert code == 0
    assert "INFORMATION  acme-entra of Acme Ltd  [another_certificate_stays]" in said


def test_json_has_everything(acme: IdentityProvider) -> None:
    without_certificate(acme)

    said, code = run("--json", "--days", "2")
    answer = json.loads(said)

    assert (code, answer["worst"]) == (2, "critical")
    (item,) = answer["attention"]
    assert "nobody can sign in" in item.pop("text")
    assert item == {
        "code": "no_certificate",
        "severity": "critical",
        "tenant": "acme",
        "identity_provider": "acme-entra",
        "facts": {},
    }
    yesterday, today = answer["days"]
    assert (yesterday["sign_ins"], yesterday["refusals"]) == (0, 0)
    assert today == {
        "date": today["date"],
        "sign_ins": 1,
        "first_sign_ins": 1,
        "refusals": 0,
    }


@pytest.mark.usefixtures("acme")
def test_json_of_nothing() -> None:
    said, code = run("--json")

    assert code == 0
    assert json.loads(said)["worst"] is None
    assert json.loads(said)["attention"] == []


@pytest.mark.parametrize("args", [["--tenant", "globex"], ["--idp", "globex"]])
def test_only_what_is_asked_for_is_looked_at(
    args: list[str], acme: IdentityProvider, globex: IdentityProvider
) -> None:
    without_certificate(acme)

    said, code = run(*args)

    assert code == 0
    assert "In 30 days: 0 sign-ins" in said


def test_one_identity_provider_is_looked_at_more_closely(acme: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=acme.pk).update(
        tested_digest="of another configuration", tested_at=timezone.now()
    )
    ClaimMapping.objects.filter(identity_provider=acme, target="email").delete()

    assert run()[1] == 0
    said, code = run("--idp", "acme-entra")
    assert code == 1
    assert "[changed_since_test]" in said


@pytest.mark.parametrize(
    "args",
    [
        ["--tenant", "initech"],
        ["--idp", "initech"],
        pytest.param(["--tenant", "acme", "--idp", "globex"], id="another tenant's"),
    ],
)
@pytest.mark.usefixtures("acme", "globex")
def test_an_unknown_name_gives_exit_code_3(args: list[str]) -> None:
    with pytest.raises(CommandError, match="There is no") as refused:
        call_command("jitprov_status", *args)

    assert refused.value.returncode == 3


def test_no_answer_from_the_database_is_exit_code_3(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: Any) -> Any:
        raise DatabaseError("connection refused")

    monkeypatch.setattr(attention, "attention", broken)
    with pytest.raises(CommandError, match="connection refused") as refused:
        call_command("jitprov_status")

    assert refused.value.returncode == 3


LOAD = """
import sys, django
django.setup()
from jitprov.management.commands.jitprov_status import Command
assert not Command.requires_system_checks  # which load every URL and view
print(*sys.modules)
"""


def test_the_command_loads_no_module_that_it_does_not_use() -> None:
    """Monitoring starts it every minute."""
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", LOAD], capture_output=True, text=True, check=True, env=environment
    )
    loaded = set(done.stdout.split())
    assert {"jitprov.status.attention", "jitprov.admin.identity_providers"} <= loaded
    assert not loaded & {"onelogin", "jitprov.sign_in.views", "jitprov.setup.page", "jitprov.urls"}
