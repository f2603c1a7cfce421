"""The Django admin: one file per screen."""

from __future__ import annotations

from jitprov.admin import (
    administrators,
    changes,
    events,
    identities,
    identity_providers,
    overview,
    setup_links,
    tenants,
)

__all__ = [
    "administrators",
    "changes",
    "events",
    "identities",
    "identity_providers",
    "overview",
    "setup_links",
    "tenants",
]
