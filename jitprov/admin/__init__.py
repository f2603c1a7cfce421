"""A door: the Django admin, one file for each screen.

It shows what readers find and calls what writers do. It never shows a row outside the scope of who is signed in.
"""

from __future__ import annotations

from jitprov.admin import (
    administrators,
    changes,
    events,
    identities,
    identity_providers,
    overview,
    people,
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
    "people",
    "setup_links",
    "tenants",
]
