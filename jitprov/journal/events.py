"""Write a provisioning event for each attempt to sign in, with codes and names and never a readable value."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction

from jitprov import signals
from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.journal.observed_claims import email_digest, sealed_claims
from jitprov.journal.unproved_refusals import count_unproved
from jitprov.models import IdentityProvider, Outcome, ProvisioningEvent, accounts_database
from jitprov.models.events import MAX_NAME, MAX_NAMES
from jitprov.models.kept_statements import insert
from jitprov.provisioning.types import Changes, DesiredUser

logger = logging.getLogger("jitprov")

_VERIFIED_SHARE = 10
"""Refusals of proved origin that are kept, as a multiple of the limit for unproved ones."""


class Stopwatch:
    """A clock for the duration of an attempt."""

    def __init__(self) -> None:
        self._started = time.monotonic()

    @property
    def milliseconds(self) -> int:
        return int((time.monotonic() - self._started) * 1000)


def record_success(  # noqa: PLR0913 -- one row, one argument for each thing in it
    identity_provider: IdentityProvider,
    user: AbstractBaseUser,
    *,
    reference: str,
    outcome: Outcome,
    desired: DesiredUser,
    changes: Changes,
    stopwatch: Stopwatch,
) -> ProvisioningEvent:
    """Write the event of a sign-in, in the caller's transaction, and send a signal when that is committed."""
    groups = ["groups"] if changes.groups else []
    event = _keep(
        identity_provider,
        user=user,
        reference=reference,
        outcome=outcome,
        changed_fields=[*sorted(changes.fields), *groups],
        notes=[note.value for note in desired.notes],
        details=_details_of_success(desired, changes),
        duration_ms=stopwatch.milliseconds,
        **_said(desired),
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


def record_refusal(  # noqa: PLR0913 -- one row, one argument for each thing in it
    identity_provider: IdentityProvider,
    error: JitprovError,
    *,
    stopwatch: Stopwatch,
    user: AbstractBaseUser | None = None,
    fields: Sequence[str] = (),
    desired: DesiredUser | None = None,
) -> ProvisioningEvent:
    """Write the event of a refusal with its reason, and set the event's reference on the error."""
    with transaction.atomic(using=accounts_database()):
        event = _keep(
            identity_provider,
            user=user,
            outcome=Outcome.REFUSED,
            reason=error.code,
            verified=error.origin_verified,
            changed_fields=list(fields),
            details=_details_of_refusal(error, desired),
            duration_ms=stopwatch.milliseconds,
            **_said(desired),
        )
        if user is None:
            _keep_few(identity_provider, verified=error.origin_verified)
        logger.info("sign-in %s was refused: %s", event.reference, error)
        if not error.origin_verified:
            transaction.on_commit(
                partial(count_unproved, identity_provider), using=accounts_database()
            )
        _report(signals.login_refused, identity_provider, event)
    error.reference = event.reference
    return event


def record_restart(
    identity_provider: IdentityProvider, *, stopwatch: Stopwatch
) -> ProvisioningEvent:
    """Write the event of an unsolicited response that was answered with a request of ours."""
    with transaction.atomic(using=accounts_database()):
        event = _keep(
            identity_provider,
            outcome=Outcome.RESTARTED,
            reason="unsolicited",
            duration_ms=stopwatch.milliseconds,
        )
        _keep_few(identity_provider, verified=True)
    return event


def record_error(identity_provider: IdentityProvider, *, stopwatch: Stopwatch) -> ProvisioningEvent:
    """Write the event of an unexpected exception, of ours or of the host. The exception itself is not caught."""
    return _keep(
        identity_provider,
        outcome=Outcome.ERROR,
        reason="internal_error",
        duration_ms=stopwatch.milliseconds,
    )


def _details_of_success(desired: DesiredUser, changes: Changes) -> dict[str, Any]:
    details: dict[str, Any] = {}
    sources = {step.target: step.source for step in desired.trace}
    if changes.fields:
        details["fields"] = {name: sources.get(name, "") for name in sorted(changes.fields)}
    if changes.groups:
        details["groups"] = {
            "joined": sorted(changes.groups.join),
            "left": sorted(changes.groups.leave),
        }
    return details


def _details_of_refusal(error: JitprovError, desired: DesiredUser | None) -> dict[str, Any]:
    """Return the facts that explain a refusal: what was expected and what came, without values of claims."""
    details: dict[str, Any] = {}
    if error.expected or error.received:
        details |= {"expected": error.expected, "received": list(error.received)}
    if desired is not None:
        details["claims"] = [name[:MAX_NAME] for name in sorted(desired.claims.values)[:MAX_NAMES]]
        details["problems"] = [
            {"reason": one.reason.value, "field": one.field, "detail": one.detail[:MAX_NAME]}
            for one in desired.problems[:MAX_NAMES]
        ]
    return details


def _said(desired: DesiredUser | None) -> dict[str, str]:
    """Return the columns of the claims: their values encrypted, and the digest of the e-mail address."""
    if desired is None:
        return {}
    email = desired.fields.get(get_user_model().get_email_field_name())
    return {
        "claims": sealed_claims(desired.claims),
        "email_digest": email_digest(str(email.value or "")) if email else "",
    }


def _keep(identity_provider: IdentityProvider, **values: Any) -> ProvisioningEvent:
    event = insert(
        ProvisioningEvent(
            identity_provider=identity_provider, tenant_id=identity_provider.tenant_id, **values
        )
    )
    logger.info(
        "sign-in %s at %s: %s %s",
        event.reference,
        identity_provider.slug,
        event.outcome,
        event.reason,
    )
    return event


def _keep_few(identity_provider: IdentityProvider, *, verified: bool) -> None:
    """Delete the oldest of those events that somebody can cause again and again.

    Without any signature anybody can; with one good response that was not used up, whoever has that.
    """
    kept = conf.UNVERIFIED_EVENTS_KEPT * (_VERIFIED_SHARE if verified else 1)
    repeatable = ProvisioningEvent.objects.filter(
        identity_provider=identity_provider,
        verified=verified,
        user=None,
        outcome__in=[Outcome.REFUSED, Outcome.RESTARTED],
    )
    surplus = repeatable.order_by("-pk").values_list("pk", flat=True)[kept:][:100]
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
        ),
        using=accounts_database(),
    )
