"""A receiver of jitprov's signals, which stores the last sign-in."""

from __future__ import annotations

from typing import Any

from django.dispatch import receiver

from example_site.people.models import User
from example_site.sign_ins.models import LastSignIn
from jitprov.models import IdentityProvider, ProvisioningEvent
from jitprov.provisioning.types import DesiredUser, TraceStep
from jitprov.signals import account_provisioned


@receiver(account_provisioned)
def remember_sign_in(
    *,
    user: User,
    identity_provider: IdentityProvider,
    event: ProvisioningEvent,
    desired: DesiredUser,
    **_: Any,
) -> None:
    """Store the claims and the trace of the latest sign-in only, because they are personal data."""
    LastSignIn.objects.update_or_create(
        user=user,
        defaults={
            "identity_provider": identity_provider,
            "event": event,
            "claims": dict(desired.claims.values),
            "trace": [_as_json(step, desired) for step in desired.trace],
        },
    )


def _as_json(step: TraceStep, desired: DesiredUser) -> dict[str, Any]:
    wanted = desired.fields.get(step.target)
    return {
        "target": step.target,
        "source": step.source,
        "received": step.received,
        "steps": step.steps,
        "outcome": step.outcome,
        "value": wanted.value if wanted else None,
    }
