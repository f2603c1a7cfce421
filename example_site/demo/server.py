"""The URLs of the demo, and a server that stops when its block ends."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any

from django.conf import settings
from django.core.servers.basehttp import (
    ThreadedWSGIServer,
    WSGIRequestHandler,
    get_internal_wsgi_application,
)
from django.db import connection
from django.test.utils import override_settings

LOOPBACK = "127.0.0.1"
"""Both host names of the demo lead to this address, which no other machine can reach."""


def at_port(port: int) -> override_settings:
    """Return settings with the URLs of product and directory at a port."""
    return override_settings(
        JITPROV_BASE_URL=f"http://localhost:{port}",
        DIRECTORY_URL=f"http://{LOOPBACK}:{port}",
        SETTINGS_MODULE=settings.SETTINGS_MODULE,  # runserver prints it
    )


@contextmanager
def temporary_database(folder: Path) -> Iterator[None]:
    """Use a new, migrated database in this block, as Django's own tests do."""
    usual = connection.settings_dict["NAME"]
    is_file = connection.vendor == "sqlite"
    name = str(folder / "once.sqlite3") if is_file else f"demo_once_{folder.name}"
    connection.settings_dict["TEST"]["NAME"] = name
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(usual, verbosity=0)


class _Handler(WSGIRequestHandler):
    """Serves requests without logging them, because the walk prints its own lines."""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 -- the name in the base class
        pass


@contextmanager
def running_server() -> Iterator[int]:
    """Serve the site in a thread in this block; yield its free port."""
    server = ThreadedWSGIServer((LOOPBACK, 0), _Handler)
    server.set_app(get_internal_wsgi_application())
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def quiet_logs(*names: str) -> Iterator[None]:
    """Let some loggers log only errors in this block.

    Enter it after the server has started, which configures logging anew.
    """
    loggers = [logging.getLogger(name) for name in names]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
