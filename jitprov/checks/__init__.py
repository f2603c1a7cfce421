"""A reader: Django's system checks of the host's settings, user model and database. They never change anything."""

from __future__ import annotations

__all__: list[str] = []
