"""The Django admin: one file per screen."""

from __future__ import annotations

from jitprov.admin import events, identities, identity_providers, tenants

__all__ = ["events", "identities", "identity_providers", "tenants"]
