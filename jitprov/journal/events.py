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
from jitprov.exceptions import JitprovError, OurFailure
from jitprov.journal.observed_claims import email_digest, sealed_claims
from jitprov.journal.unproved_refusals import count_unproved
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
    Road,
    accounts_database,
)
from jitprov.models.events import MAX_NAME, MAX_NAMES
from jitprov.models.kept_statements import insert
from jitprov.provisioning.types import Changes, DesiredUser, Problem, Refuse, Source

logger = logging.getLogger("jitprov")

_VERIFIED_SHARE = 10
"""Refusals of proved origin that are kept, as a multiple of the limit for unproved ones."""


class Attempt:
    """What is known of an attempt before its outcome: when it began, and from which network it comes.

    :param network: such as ``203.0.113.0/24``; empty where that is not known, or not to be kept.
    """

    def __init__(self, network: str = "") -> None:
        self.network = network
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
    attempt: Attempt,
    unwritten: Refuse | None = None,
) -> ProvisioningEvent:
    """Write the event of a sign-in, in the caller's transaction, and send a signal when that is committed."""
    groups = ["groups"] if changes.groups else []
    event = _keep(
        identity_provider,
        attempt,
        user=user,
        reference=reference,
        source=desired.claims.source.value,
        outcome=outcome,
        changed_fields=[*sorted(changes.fields), *groups],
        notes=[
            *(note.value for note in desired.notes),
            *([str(unwritten.reason)] if unwritten else []),
        ],
        details=_details_of_success(desired, changes),
        **_said(desired),
    )
    report(
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
    attempt: Attempt,
    user: AbstractBaseUser | None = None,
    fields: Sequence[str] = (),
    desired: DesiredUser | None = None,
) -> ProvisioningEvent:
    """Write the event of a refusal with its reason, and set the event's reference on the error."""
    with transaction.atomic(using=accounts_database()):
        event = _keep(
            identity_provider,
            attempt,
            user=user,
            source=desired.claims.source.value if desired else Source.SAML.value,
            outcome=Outcome.REFUSED,
            reason=error.code,
            verified=error.origin_verified,
            changed_fields=list(fields),
            notes=[note.value for note in desired.notes] if desired else [],
            details=_details_of_refusal(error, desired),
            **_said(desired),
        )
        if user is None:
            _keep_few(identity_provider, verified=error.origin_verified)
        logger.info("sign-in %s was refused: %s", event.reference, error)
        if not error.origin_verified:
            transaction.on_commit(
                partial(count_unproved, identity_provider), using=accounts_database()
            )
        report(signals.login_refused, identity_provider, event)
    error.reference = event.reference
    return event


def record_access(
    identity: ExternalIdentity,
    road: Road,
    outcome: Outcome,
    details: dict[str, Any],
    *,
    reason: str = "",
) -> ProvisioningEvent:
    """Write the event of access that ended, was given back or was kept, in the caller's transaction."""
    return _keep(
        identity.identity_provider,
        Attempt(),
        user=identity.user,
        source=road.value,
        outcome=outcome,
        reason=reason,
        details=details,
    )


def record_restart(identity_provider: IdentityProvider, *, attempt: Attempt) -> ProvisioningEvent:
    """Write the event of an unsolicited response that was answered with a request of ours."""
    with transaction.atomic(using=accounts_database()):
        event = _keep(
            identity_provider,
            attempt,
            outcome=Outcome.RESTARTED,
            reason="unsolicited",
        )
        _keep_few(identity_provider, verified=True)
    return event


def record_error(identity_provider: IdentityProvider, *, attempt: Attempt) -> ProvisioningEvent:
    """Write the event of an unexpected exception, of ours or of the host. The exception itself is not caught."""
    return _keep(
        identity_provider,
        attempt,
        outcome=Outcome.ERROR,
        reason="internal_error",
    )


def record_failure(
    identity_provider: IdentityProvider, error: OurFailure, *, attempt: Attempt
) -> ProvisioningEvent:
    """Write the event of a failure of ours that has a code, and set the event's reference on the error."""
    event = _keep(
        identity_provider,
        attempt,
        outcome=Outcome.ERROR,
        reason=error.code,
    )
    logger.error("sign-in %s failed by a fault of ours: %s %s", event.reference, error.code, error)
    error.reference = event.reference
    return event


def record_stopped(event: ProvisioningEvent, error: BaseException) -> None:
    """Change the event of a person whose account was written, and whom the host did not let in all the same."""
    is_refusal = isinstance(error, JitprovError)
    event.outcome = Outcome.REFUSED if is_refusal else Outcome.ERROR
    event.reason = error.code if isinstance(error, JitprovError) else "internal_error"
    event.save(update_fields=["outcome", "reason"])
    logger.info("sign-in %s: %s %s after all", event.reference, event.outcome, event.reason)
    if isinstance(error, JitprovError):
        error.reference = event.reference
        if event.identity_provider is not None:
            report(signals.login_refused, event.identity_provider, event)


def _details_of_success(desired: DesiredUser, changes: Changes) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if desired.unfit:
        details["problems"] = _problems(desired.unfit)
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
        details["problems"] = _problems(desired.problems)
    return details


def _problems(problems: Sequence[Problem]) -> list[dict[str, str]]:
    return [
        {"reason": one.reason.value, "field": one.field, "detail": one.detail[:MAX_NAME]}
        for one in problems[:MAX_NAMES]
    ]


def _said(desired: DesiredUser | None) -> dict[str, str]:
    """Return the columns of the claims: their values encrypted, and the digest of the e-mail address."""
    if desired is None:
        return {}
    email = desired.fields.get(get_user_model().get_email_field_name())
    return {
        "claims": sealed_claims(desired.claims),
        "email_digest": email_digest(str(email.value or "")) if email else "",
    }


def _keep(
    identity_provider: IdentityProvider, attempt: Attempt, **values: Any
) -> ProvisioningEvent:
    event = insert(
        ProvisioningEvent(
            identity_provider=identity_provider,
            tenant_id=identity_provider.tenant_id,
            network=attempt.network,
            duration_ms=attempt.milliseconds,
            **values,
        )
    )
    logger.info(
        "event %s at %s: %s %s",
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


def report(
    signal: Any, identity_provider: IdentityProvider, event: ProvisioningEvent, **values: Any
) -> None:
    """Send a signal about an event once it is committed. A receiver that fails is in nobody's way."""
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
