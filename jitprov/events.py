"""What is kept of every attempt: codes, names of fields, a reference to quote. Never a value."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import F

from jitprov import signals
from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.models import IdentityProvider, Outcome, ProvisioningEvent
from jitprov.provisioning.types import Changes, DesiredUser

logger = logging.getLogger("jitprov")


class Stopwatch:
    """How long an attempt has taken, in milliseconds."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def milliseconds(self) -> int:
        return int((time.monotonic() - self._started) * 1000)


def record_success(  # noqa: PLR0913 -- one row, one argument for each thing in it
    identity_provider: IdentityProvider,
    user: AbstractBaseUser,
    *,
    outcome: Outcome,
    desired: DesiredUser,
    changes: Changes,
    stopwatch: Stopwatch,
) -> ProvisioningEvent:
    """Keep that somebody came in, in the caller's transaction; report it when that has been committed."""
    groups = ["groups"] if changes.groups else []
    event = _keep(
        identity_provider,
        user=user,
        outcome=outcome,
        changed_fields=[*sorted(changes.fields), *groups],
        notes=[note.value for note in desired.notes],
        duration_ms=stopwatch.milliseconds,
    )
    _report(
        signals.account_provisioned,
        identity_provider,
        event,
        user=user,
        created=outcome == Outcome.CREATED,
        desired=desired,
    )
    return event


def record_refusal(
    identity_provider: IdentityProvider,
    error: JitprovError,
    *,
    stopwatch: Stopwatch,
    user: AbstractBaseUser | None = None,
    fields: Sequence[str] = (),
) -> ProvisioningEvent:
    """Keep that somebody was not let in, and why; give the error the reference to quote."""
    with transaction.atomic():
        event = _keep(
            identity_provider,
            user=user,
            outcome=Outcome.REFUSED,
            reason=error.code,
            verified=error.origin_verified,
            changed_fields=list(fields),
            duration_ms=stopwatch.milliseconds,
        )
        if not error.origin_verified:
            _keep_few(identity_provider)
        _report(signals.login_refused, identity_provider, event)
    error.reference = event.reference
    return event


def record_error(identity_provider: IdentityProvider, *, stopwatch: Stopwatch) -> ProvisioningEvent:
    """Keep that something of ours or of the host's broke; the exception itself goes its way."""
    return _keep(
        identity_provider,
        outcome=Outcome.ERROR,
        reason="internal_error",
        duration_ms=stopwatch.milliseconds,
    )


def _keep(identity_provider: IdentityProvider, **values: Any) -> ProvisioningEvent:
    event = ProvisioningEvent.objects.create(
        identity_provider=identity_provider, tenant_id=identity_provider.tenant_id, **values
    )
    logger.info(
        "sign-in %s at %s: %s %s",
        event.reference,
        identity_provider.slug,
        event.outcome,
        event.reason,
    )
    return event


def _keep_few(identity_provider: IdentityProvider) -> None:
    """Count what anybody on the internet may cause, and keep only the newest of it."""
    IdentityProvider.objects.filter(pk=identity_provider.pk).update(
        unverified_refusals=F("unverified_refusals") + 1
    )
    unverified = ProvisioningEvent.objects.filter(
        identity_provider=identity_provider, verified=False
    ).order_by("-pk")
    surplus = unverified.values_list("pk", flat=True)[conf.UNVERIFIED_EVENTS_KEPT :][:100]
    ProvisioningEvent.objects.filter(pk__in=list(surplus)).delete()


def _report(
    signal: Any, identity_provider: IdentityProvider, event: ProvisioningEvent, **values: Any
) -> None:
    transaction.on_commit(
        partial(
            signal.send_robust,
            sender=IdentityProvider,
            identity_provider=identity_provider,
            event=event,
            **values,
        )
    )
