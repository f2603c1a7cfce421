"""Events stay when their rows are deleted, and used assertions are remembered long enough."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.test import override_settings

from jitprov.models import (
    ExternalIdentity,
    ProvisioningEvent,
    Tenant,
    new_reference,
    remembered_until,
)
from tests.support.factories import ExternalIdentityFactory

pytestmark = pytest.mark.django_db

LATER = datetime(2040, 1, 1, tzinfo=UTC)


def test_references_can_be_read_aloud_and_are_not_repeated() -> None:
    references = [new_reference() for _ in range(1000)]

    assert len(set(references)) == 1000
    assert not set("".join(references)) & set("01ILO")


def test_a_used_assertion_is_remembered_while_any_clock_could_find_it_valid() -> None:
    with override_settings(JITPROV_CLOCK_SKEW=120):
        assert (remembered_until(LATER) - LATER).total_seconds() == 240


def test_events_stay_when_their_rows_are_deleted() -> None:
    identity = ExternalIdentityFactory.create()
    row = identity.identity_provider
    event = ProvisioningEvent.objects.create(
        identity_provider=row, tenant=row.tenant, user=identity.user, outcome="created"
    )

    identity.user.delete()
    Tenant.objects.all().delete()

    event.refresh_from_db()
    assert (event.tenant, event.identity_provider, event.user) == (None, None, None)
    assert not ExternalIdentity.objects.exists()
