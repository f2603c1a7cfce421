"""Access ends on a leaving date, by the job that looks for those that have come."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from jitprov.accounts import leaving_dates
from jitprov.models import ExternalIdentity, IdentityProvider, ProvisioningEvent
from jitprov.provisioner import Provisioner, Refuse
from tests.support.factories import ExternalIdentityFactory

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


class Keeping(Provisioner):
    """A host that lets nobody go."""

    def may_leave(self, identity: ExternalIdentity) -> Refuse | None:
        return Refuse(reason="last_owner", text="Make somebody else an owner first.")


def run_due() -> str:
    out = io.StringIO()
    call_command("run_due", "--job", "leaving_dates", stdout=out)
    return out.getvalue()


def person(idp: IdentityProvider, **columns: Any) -> ExternalIdentity:
    return ExternalIdentityFactory.create(identity_provider=idp, **columns)


def test_people_leave_whose_date_has_come(idp: IdentityProvider, monkeypatch: Any) -> None:
    monkeypatch.setattr(leaving_dates, "_AT_ONCE", 2)
    now = timezone.now()
    gone = [person(idp, leaves_at=now - DAY) for _ in range(5)]
    later, never = person(idp, leaves_at=now + DAY), person(idp)
    assert "done" in run_due()
    for one in [*gone, later, never]:
        one.refresh_from_db()
    assert [(one.active, one.ended_by) for one in gone] == [(False, "date")] * 5
    assert (later.active, never.active) == (True, True)
    assert ProvisioningEvent.objects.filter(outcome="ended", source="date").count() == 5


def test_the_application_keeps_somebody_who_then_comes_in_again(
    idp: IdentityProvider, settings: Any
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Keeping"
    owner = person(idp, leaves_at=timezone.now() - DAY)
    run_due()
    owner.refresh_from_db()
    assert (owner.active, owner.leaves_at) == (True, None)
    assert ProvisioningEvent.objects.get().outcome == "kept"
