"""The latest event."""

from __future__ import annotations

from jitprov.models import (
    ProvisioningEvent,
)


def event() -> ProvisioningEvent:
    return ProvisioningEvent.objects.latest("pk")
