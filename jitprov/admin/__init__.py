"""The Django admin: one file per screen."""

from __future__ import annotations

from jitprov.admin import (
    administrators,
    events,
    identities,
    identity_providers,
    overview,
    tenants,
)

__all__ = ["administrators", "events", "identities", "identity_providers", "overview", "tenants"]
