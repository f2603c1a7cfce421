"""Explain a person's account: their identities, fields and groups, and their latest sign-ins."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser

from jitprov.explain.access import road_label
from jitprov.explain.events import preset_of
from jitprov.explain.fields import FieldExplanation, explain_fields
from jitprov.explain.groups import GroupExplanation, explain_groups
from jitprov.journal.observed_claims import email_digests
from jitprov.models import ExternalIdentity, Outcome, ProvisioningEvent
from jitprov.models.events import NOT_LET_IN
from jitprov.scope import Scope
from jitprov.words.guides import Text
from jitprov.words.remedies import remedy

MAX_IDENTITIES = 50
MAX_EVENTS = 50
"""Attempts that are listed, the newest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityExplanation:
    """One identity of a person."""

    pk: int
    identity_provider: str
    """The slug."""
    external_id: str
    active: bool
    since: datetime
    leaves_at: datetime | None
    """The leaving date."""
    ended_at: datetime | None
    ended_by: Text
    """The road by which access ended; empty while it lasts, and where nobody wrote it down."""
    ended_reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One attempt in the list: a sign-in or a refusal."""

    pk: int
    reference: str
    at: datetime
    identity_provider: str
    outcome: str
    outcome_label: Text
    code: str
    happened: Text
    """The cause of a refusal; empty for a sign-in."""
    by_email: bool
    """Whether no account was found, and the attempt was for the e-mail address of the person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UserExplanation:
    """A person's account, limited to a scope."""

    pk: Any
    username: str
    active: bool
    """Whether the user itself is active."""
    identities: tuple[IdentityExplanation, ...]
    fields: tuple[FieldExplanation, ...]
    groups: tuple[GroupExplanation, ...]
    attempts: tuple[Attempt, ...]


def explain_user(user: AbstractBaseUser, scope: Scope) -> UserExplanation:
    """Explain a person's account, with a constant number of SQL statements.

    Nothing outside the scope is shown or counted: identities of other tenants, their grants and writes, and their
    sign-ins.
    """
    identities = _identities(user, scope)
    return UserExplanation(
        pk=user.pk,
        username=user.get_username(),
        active=user.is_active,
        identities=tuple(_identity(one) for one in identities),
        fields=explain_fields(user, identities),
        groups=explain_groups(user, identities, scope),
        attempts=tuple(_attempts(user, scope)),
    )


def _identities(user: AbstractBaseUser, scope: Scope) -> Sequence[ExternalIdentity]:
    known = scope.limit(ExternalIdentity.objects.filter(user_id=user.pk))
    oldest_first = known.select_related("identity_provider").order_by("created_at", "pk")
    return list(oldest_first[:MAX_IDENTITIES])


def _identity(identity: ExternalIdentity) -> IdentityExplanation:
    return IdentityExplanation(
        pk=identity.pk,
        identity_provider=identity.identity_provider.slug,
        external_id=identity.external_id,
        active=identity.active,
        since=identity.created_at,
        leaves_at=identity.leaves_at,
        ended_at=identity.ended_at,
        ended_by=road_label(identity.ended_by),
        ended_reason=identity.ended_reason,
    )


def _attempts(user: AbstractBaseUser, scope: Scope) -> Iterable[Attempt]:
    events = scope.limit(ProvisioningEvent.objects.all())
    # Two statements, because an index serves one condition better than two that are joined by OR.
    found = [*_newest(events.filter(user_id=user.pk))]
    email = str(getattr(user, get_user_model().get_email_field_name(), "") or "")
    if email:
        found += _newest(events.filter(email_digest__in=email_digests(email), user=None))
    found.sort(key=lambda event: (event.created_at, event.pk), reverse=True)
    return [_attempt(event) for event in found[:MAX_EVENTS]]


def _newest(events: Any) -> Iterable[ProvisioningEvent]:
    newest: Iterable[ProvisioningEvent] = (
        events.defer("claims")
        .select_related("identity_provider")
        .order_by("-created_at", "-pk")[:MAX_EVENTS]
    )
    return newest


def _attempt(event: ProvisioningEvent) -> Attempt:
    refused = event.outcome in NOT_LET_IN
    return Attempt(
        pk=event.pk,
        reference=event.reference,
        at=event.created_at,
        identity_provider=event.identity_provider.slug if event.identity_provider else "",
        outcome=event.outcome,
        outcome_label=Outcome(event.outcome).label,
        code=event.reason,
        happened=remedy(event.reason, preset_of(event)).happened if refused else "",
        by_email=event.user_id is None,
    )
