"""A writer: an identity provider's metadata, fetched, read, imported and refreshed, for one row or for thousands.

It never parses XML itself (:mod:`jitprov.saml` does), and never fetches from where the settings do not allow it.
"""

from __future__ import annotations

__all__ = ["importing", "refresh"]
