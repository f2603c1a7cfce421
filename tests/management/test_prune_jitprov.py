from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jitprov.models import (
    ConfigurationChange,
    ConsumedAssertion,
    IdentityProvider,
    ObservedClaim,
    Outcome,
    ProvisioningEvent,
    SetupLink,
    Tenant,
    TestSignIn,
)
from tests.support.factories import IdentityProviderFactory
from tests.support.importing import NOW, Runner, entra

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
def test_expired_assertions_and_old_events_are_deleted_and_others_stay(
    args: list[str], said: str, assertions: int, events: int
) -> None:
    out = io.StringIO()
    call_command("prune_jitprov", *args, stdout=out)
    assert said in out.getvalue()
    assert ConsumedAssertion.objects.count() == assertions
    assert ProvisioningEvent.objects.count() == events


def test_prune_wants_at_least_a_day() -> None:
    with pytest.raises(CommandError, match="at least 1"):
        call_command("prune_jitprov", "--events-days", "0")


# What people said


def old_event(days: int, claims: str) -> ProvisioningEvent:
    event = ProvisioningEvent.objects.create(outcome=Outcome.CREATED, claims=claims)
    ProvisioningEvent.objects.filter(pk=event.pk).update(created_at=NOW - timedelta(days=days))
    return event


def prune(*args: str) -> str:
    out = io.StringIO()
    call_command("prune_jitprov", *args, stdout=out)
    return out.getvalue()


def test_claims_go_before_their_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("jitprov.models.batches.BATCH_SIZE", 2)
    for days in (0, 6, 8, 9, 10, 11, 12):
        old_event(days, "sealed")
    old_event(13, "")
    assert "Would empty the claims of 5 events" in prune("--dry-run")
    assert "Emptied the claims of 5 events older than 7 days" in prune()
    assert ProvisioningEvent.objects.count() == 8
    assert ProvisioningEvent.objects.exclude(claims="").count() == 2


def test_no_retention_empties_all(settings: Any) -> None:
    settings.JITPROV_CLAIMS_RETENTION = 0
    old_event(1, "sealed")
    prune()
    assert not ProvisioningEvent.objects.exclude(claims="").exists()


def test_expired_test_sign_ins_are_deleted() -> None:
    row = IdentityProviderFactory.create()
    for days in (-1, 1):
        TestSignIn.objects.create(identity_provider=row, expires_at=NOW + timedelta(days=days))
    assert "1 test sign-ins that have expired" in prune()
    assert TestSignIn.objects.get().expires_at > NOW


def test_links_stay_to_be_seen_for_a_while() -> None:
    row = IdentityProviderFactory.create()
    day = timedelta(days=1)
    ends = {
        "open": (NOW + day, None),
        "expired": (NOW - day, None),
        "revoked": (NOW + day, NOW - day),
        "long expired": (NOW - 31 * day, None),
        "long revoked": (NOW + day, NOW - 31 * day),
    }
    for recipient, (expires, revoked) in ends.items():
        link = SetupLink.objects.create(
            identity_provider=row,
            recipient=recipient,
            token_digest=recipient,
            expires_at=expires,
            revoked_at=revoked,
        )
        TestSignIn.objects.create(
            identity_provider=row, setup_link=link, expires_at=NOW + timedelta(days=1)
        )
    assert "2 setup links" in prune("--dry-run")
    assert SetupLink.objects.count() == 5
    assert "2 setup links that ended more than 30 days ago" in prune()
    left = set(SetupLink.objects.values_list("recipient", flat=True))
    assert left == {"open", "expired", "revoked"}


def test_names_of_claims_that_come_no_more_are_deleted() -> None:
    row = IdentityProviderFactory.create()
    for days in (0, 399, 402):
        ObservedClaim.objects.create(
            identity_provider=row,
            name=str(days),
            name_digest=str(days),
            first_seen=NOW - timedelta(days=500),
            last_seen=NOW - timedelta(days=days),
        )
    assert "1 names of claims" in prune()
    assert set(ObservedClaim.objects.values_list("name", flat=True)) == {"0", "399"}


def test_the_record_of_changes_stays_unless_it_is_asked_for() -> None:
    for days in (10, 5000):
        change = ConfigurationChange.objects.create(actor="a", via="code", what="x", action="done")
        ConfigurationChange.objects.filter(pk=change.pk).update(
            created_at=NOW - timedelta(days=days)
        )
    prune()
    assert ConfigurationChange.objects.count() == 2
    assert "Deleted 1 recorded changes older than 11 days." in prune("--changes-days", "11")
    assert ConfigurationChange.objects.count() == 1


def test_the_record_of_changes_is_kept_for_at_least_a_day() -> None:
    with pytest.raises(CommandError, match="--changes-days must be at least 1"):
        prune("--changes-days", "0")
