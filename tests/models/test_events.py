"""Events stay when their rows are deleted, and have references that people can read aloud."""

from __future__ import annotations

import pytest

from jitprov.models import (
    ExternalIdentity,
    ProvisioningEvent,
    Tenant,
    new_reference,
)
from tests.support.factories import ExternalIdentityFactory

pytestmark = pytest.mark.django_db


def test_references_can_be_read_aloud_and_are_not_repeated() -> None:
    references = [new_reference() for _ in range(1000)]

    assert len(set(references)) == 1000
    assert not set("".join(references)) & set("01ILO")


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
