"""A writer: single logout, begun here or at the identity provider.

It ends sessions here before anything is asked of anybody else, and never says that one has ended that may go on.
"""

from __future__ import annotations

__all__ = ["views"]
