"""End sessions of people who signed in, and record who did."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet

from jitprov.accounts import sessions
from jitprov.journal.actors import Actor
from jitprov.journal.audit import record_done
from jitprov.models import ExternalIdentity, IdentityProvider, accounts_database

SESSIONS = "sessions"
"""The kind of object in the record of changes."""


def end_for_people(identities: QuerySet[ExternalIdentity], actor: Actor) -> int:
    """End the sessions of people at their identity providers, and record it; return how many people.

    They may sign in again at once. Sessions of theirs that did not begin there go on.
    """
    with transaction.atomic(using=accounts_database()):
        count = sessions.end_sessions_of(identities)
        for identity in identities.select_related("identity_provider"):
            label = f"identity {identity.pk} of user {identity.user_id}"
            record_done(identity.identity_provider, actor, SESSIONS, label=label, note="ended")
    return count


def end_for_everybody(identity_providers: QuerySet[IdentityProvider], actor: Actor) -> int:
    """End all sessions that began by these identity providers, and record it; return how many of those there are."""
    with transaction.atomic(using=accounts_database()):
        count = sessions.end_sessions_by(identity_providers)
        for row in identity_providers:
            record_done(row, actor, SESSIONS, label="of everybody", note="ended")
    return count
