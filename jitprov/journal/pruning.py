"""Delete what need not be kept any longer: records of what happened, and what was valid for a time only."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.db.models import Q, QuerySet
from django.utils.timezone import now as current_time

from jitprov.conf import conf
from jitprov.jobs import Job, Lease, each
from jitprov.models import (
    KEYS_KEPT,
    ConfigurationChange,
    ConsumedAssertion,
    FormerIdentity,
    IdempotencyKey,
    ObservedClaim,
    ProvisioningEvent,
    SetupLink,
    SignInSession,
    TestSignIn,
)
from jitprov.models.batches import Around, delete_in_batches, update_in_batches

LINKS_KEPT = timedelta(days=30)
"""Time for which a setup link is kept after it has expired or was revoked."""

Rows: TypeAlias = "QuerySet[Any, Any]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """How long things are kept, as the settings say unless somebody says otherwise."""

    events: timedelta = field(default_factory=lambda: conf.EVENT_RETENTION)
    changes: timedelta | None = None
    """``None`` keeps the record of changes for ever."""


def count_old(kept: Kept) -> dict[str, int]:
    """Return how many rows :func:`prune` would delete or empty now, by kind."""
    now = current_time()
    old = {name: rows.count() for name, rows in _to_delete(kept, now).items()}
    return old | {"claims": _to_empty(now).count()}


def prune(kept: Kept, around: Around = nullcontext) -> Iterator[tuple[str, int]]:
    """Delete or empty what is older, and yield each kind with how many rows that were.

    :param around: is what each batch is written in.
    """
    now = current_time()
    for name, rows in _to_delete(kept, now).items():
        yield name, delete_in_batches(rows, around)
    yield "claims", update_in_batches(_to_empty(now), around, claims="")


def _to_delete(kept: Kept, now: datetime) -> Mapping[str, Rows]:
    before = now - kept.events
    rows: dict[str, Rows] = {
        "assertions": ConsumedAssertion.objects.filter(expires_at__lt=now),
        "events": ProvisioningEvent.objects.filter(created_at__lt=before),
        "tests": TestSignIn.objects.filter(expires_at__lt=now),
        "links": _ended_links(now - LINKS_KEPT),
        "claim_names": ObservedClaim.objects.filter(last_seen__lt=before.date()),
        "idempotency_keys": IdempotencyKey.objects.filter(created_at__lt=now - KEYS_KEPT),
        "former_identities": FormerIdentity.objects.filter(retired_at__lt=before),
        "sessions": SignInSession.objects.filter(kept_until__lt=now),
    }
    if kept.changes is not None:
        rows["changes"] = ConfigurationChange.objects.filter(created_at__lt=now - kept.changes)
    return rows


def _ended_links(end: datetime) -> Rows:
    return SetupLink.objects.filter(Q(expires_at__lt=end) | Q(revoked_at__lt=end))


def _to_empty(now: datetime) -> Rows:
    """Return the events that lose the claims that were kept for previews."""
    old = ProvisioningEvent.objects.filter(created_at__lt=now - conf.CLAIMS_RETENTION)
    return old.exclude(claims="")


def _prune(_subject: int, lease: Lease) -> None:
    counts: dict[str, int] = {}
    for name, count in prune(Kept(), lease.transaction):
        counts[name] = count
        lease.reached(**counts)


JOB = Job(name="prune", run=each(_prune), every=timedelta(days=1))
