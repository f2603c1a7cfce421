"""Pure: what should happen to an account, facts in and a decision out.

It never imports Django, never reads SAML, and does no input or output.
"""

from __future__ import annotations

__all__ = ["decide", "mapping", "problems", "transforms", "types", "usernames"]
