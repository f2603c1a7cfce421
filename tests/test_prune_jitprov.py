from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from jitprov.models import ConsumedAssertion, IdentityProvider, Outcome, ProvisioningEvent, Tenant
from tests.importing import NOW, Runner, entra

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Tenant:
    return Tenant.objects.create(slug="acme", name="Acme")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    return Runner(tmp_path, monkeypatch)


@pytest.fixture
def remembered(run: Runner, acme: Tenant) -> None:
    run(entra())
    row = IdentityProvider.objects.get()
    for number, days in enumerate((-1, 1)):
        ConsumedAssertion.objects.create(
            identity_provider=row,
            assertion_digest=str(number),
            expires_at=NOW + timedelta(days=days),
        )
    for days in (0, 31, 401):
        event = ProvisioningEvent.objects.create(outcome=Outcome.CREATED)
        ProvisioningEvent.objects.filter(pk=event.pk).update(created_at=NOW - timedelta(days=days))


@pytest.mark.usefixtures("remembered")
@pytest.mark.parametrize(
    ("args", "said", "assertions", "events"),
    [
        pytest.param([], "Deleted 1 used", 1, 2, id="as the settings say"),
        pytest.param(["--events-days", "30"], "and 2 events older than 30 days", 1, 1, id="sooner"),
        pytest.param(["--dry-run"], "Would delete 1 used", 2, 3, id="count only"),
    ],
)
def test_prune(args: list[str], said: str, assertions: int, events: int) -> None:
    out = io.StringIO()
    call_command("prune_jitprov", *args, stdout=out)
    assert said in out.getvalue()
    assert ConsumedAssertion.objects.count() == assertions
    assert ProvisioningEvent.objects.count() == events


def test_prune_wants_at_least_a_day() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("prune_jitprov", "--events-days", "0")
