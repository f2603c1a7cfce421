"""A reader: what needs attention, of the identity providers within a scope, and how many people signed in.

The admin, the API and ``jitprov_status`` show the same. It never writes, and never costs a statement for each row.
"""

from __future__ import annotations

__all__ = ["attention"]
