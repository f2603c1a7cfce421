"""Tags for the templates of a host's admin."""

from __future__ import annotations
