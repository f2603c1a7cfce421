"""Pure: the SAML 2.0 protocol as a service provider speaks it.

It makes requests and metadata, and turns the response of an identity provider into a verified assertion or a refusal.
It never imports Django, never decides about an account, and never returns a claim that was not signed.
"""

from __future__ import annotations

__all__ = ["certificates", "examination", "response", "time", "types"]
