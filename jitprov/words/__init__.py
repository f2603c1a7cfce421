"""A floor: what is said to people, as sentences in their language: refusals, problems, transforms, remedies and guides.

It is looked up by code or by kind of identity provider. It never reads a table and never decides.
"""

from __future__ import annotations

__all__ = ["remedies"]
