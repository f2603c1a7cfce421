"""A writer: one SAML round trip, from the request that a browser carries away to the person who is signed in.

It never reads XML itself (:mod:`jitprov.saml` does) and never writes an account itself (:mod:`jitprov.accounts` does).
"""

from __future__ import annotations

__all__ = ["views"]
