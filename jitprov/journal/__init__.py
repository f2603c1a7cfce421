"""A writer: what is recorded of attempts, of changes to the configuration and of the claims that came.

It is called by whatever signs people in or changes the configuration, and deletes what need not be kept any longer. It
never shows what it wrote, and never keeps a personal value that is not encrypted.
"""

from __future__ import annotations

__all__ = ["actors", "audit"]
