"""A writer: what is recorded of attempts, of changes to the configuration and of the claims that came.

It is called by whatever signs people in or changes the configuration. It never shows what it wrote, and never keeps a
personal value that is not encrypted.
"""

from __future__ import annotations

__all__ = ["actors", "audit"]
