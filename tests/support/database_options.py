"""The database of the tests with other options, as a host may have set them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection


@contextmanager
def database_with(options: dict[str, Any]) -> Iterator[None]:
    """Give other options to the connections that are opened in this block."""
    usual = connection.settings_dict["OPTIONS"]
    connection.close()
    connection.settings_dict["OPTIONS"] = {**usual, **options}
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["OPTIONS"] = usual


def with_short_waits() -> dict[str, Any]:
    """Return options with which a statement waits only briefly for a lock."""
    options: dict[str, dict[str, Any]] = {
        "sqlite": {"timeout": 0.05},
        "postgresql": {"options": "-c lock_timeout=50ms"},
        # The first is for rows, the second for tables, in whole seconds.
        "mysql": {"init_command": "SET innodb_lock_wait_timeout = 1, lock_wait_timeout = 1"},
    }
    return options[connection.vendor]
