"""Pure: the SAML 2.0 protocol, messages in and verified facts out.

It never imports Django, never decides about an account, and never returns a claim that was not signed.
"""

from __future__ import annotations

__all__ = ["certificates", "examination", "response", "time", "types"]
