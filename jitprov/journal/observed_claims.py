"""Record what identity providers send: names of claims with the day, and for a while the claims themselves.

Names are kept in rows of their own and shown to tenant admins as suggestions. What claims said is kept encrypted in
the event of the sign-in, for previews, and no longer than ``JITPROV_CLAIMS_RETENTION``.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.utils import timezone

from jitprov.conf import conf
from jitprov.models import (
    MAX_CLAIM_NAME,
    IdentityProvider,
    ObservedClaim,
    Outcome,
    ProvisioningEvent,
    accounts_database,
    digest,
)
from jitprov.provisioning.parameters import UNSTORABLE
from jitprov.provisioning.types import Claims, Source
from jitprov.sealed import keyed_digest, keyed_digests, seal, unseal

MAX_OBSERVED = 200
"""Names of claims that are kept for one identity provider."""
MAX_RECENT = 20
"""Sign-ins that a preview uses at most."""
_CLAIMS = "claims"
_EMAIL = "email"


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentSignIn:
    """The claims of a recent sign-in, with its event."""

    event: ProvisioningEvent
    claims: Claims


def observe(identity_provider: IdentityProvider, claims: Claims) -> None:
    """Record the names of the claims that came. Write nothing if all of them are recorded for today."""
    today = timezone.now().date()
    known = identity_provider.observed_names()
    room = MAX_OBSERVED - len(known)
    fresh = [name for name in _names(claims) if known.get(name, "") < today.isoformat()]
    new = [name for name in fresh if name not in known][: max(room, 0)]
    rows = [
        ObservedClaim(
            identity_provider=identity_provider,
            name=name,
            name_digest=digest(name),
            first_seen=today,
            last_seen=today,
        )
        for name in fresh
        if name in known or name in new
    ]
    if rows:
        # In one order everywhere, so that two sign-ins at once are no deadlock.
        rows.sort(key=lambda row: row.name_digest)
        _upsert(rows)


def _names(claims: Claims) -> Iterator[str]:
    return (
        name
        for name in claims.values
        if len(name) <= MAX_CLAIM_NAME and not UNSTORABLE.search(name)
    )


def _upsert(rows: list[ObservedClaim]) -> None:
    by_constraint = connections[accounts_database()].features.supports_update_conflicts_with_target
    ObservedClaim.objects.bulk_create(
        rows,
        update_conflicts=True,
        update_fields=["last_seen"],
        unique_fields=["identity_provider", "name_digest"] if by_constraint else None,
    )


def sealed_claims(claims: Claims) -> str:
    """Return the claims encrypted, for an event; empty if they are not to be kept, or too large."""
    if not conf.CLAIMS_RETENTION:
        return ""
    return seal({"external_id": claims.external_id, "values": dict(claims.values)}, _CLAIMS)


def claims_of(event: ProvisioningEvent) -> Claims | None:
    """Return the claims of a sign-in; ``None`` if they were not kept, or are no longer."""
    if event.created_at < timezone.now() - conf.CLAIMS_RETENTION:
        return None
    kept: Any = unseal(event.claims, _CLAIMS)
    if not kept:
        return None
    values = {name: tuple(texts) for name, texts in kept["values"].items()}
    return Claims(source=Source(event.source), external_id=kept["external_id"], values=values)


def recent_sign_ins(
    identity_provider: IdentityProvider, *, limit: int = MAX_RECENT
) -> list[RecentSignIn]:
    """Return the recent sign-ins whose claims are kept, newest first, one for each person."""
    events = (
        ProvisioningEvent.objects.filter(
            identity_provider=identity_provider,
            created_at__gte=timezone.now() - conf.CLAIMS_RETENTION,
        )
        .exclude(claims="")
        .exclude(outcome=Outcome.ERROR)
        .select_related("user")
        .order_by("-created_at", "-pk")
    )
    found: dict[str, RecentSignIn] = {}
    for event in events[: limit * 5]:
        claims = claims_of(event)
        if claims is not None and len(found) < limit:
            found.setdefault(claims.external_id, RecentSignIn(event=event, claims=claims))
    return list(found.values())


def email_digest(email: str) -> str:
    """Return the keyed digest of an e-mail address, for an event; empty for an empty address."""
    return keyed_digest(email.strip().lower(), _EMAIL) if email.strip() else ""


def email_digests(email: str) -> list[str]:
    """Return the digests by which attempts are found by e-mail address: one for each key there is."""
    return keyed_digests(email.strip().lower(), _EMAIL) if email.strip() else []
