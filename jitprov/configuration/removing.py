"""Remove an identity provider with everything that belongs to it."""

from __future__ import annotations

from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider


def remove(identity_provider: IdentityProvider, actor: Actor) -> None:
    """Remove an identity provider, and record it."""
    with audit.recorded(identity_provider, actor):
        identity_provider.delete()
