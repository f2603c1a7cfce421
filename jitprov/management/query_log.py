"""Keep long commands from remembering every statement that they send."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper


@contextmanager
def without_query_log() -> Iterator[None]:
    """Let Django keep no statement of the block, which it does with ``DEBUG``: 9000 of them, each with all its rows.

    A page of a debugger shows the statements of one request; a command has none. Who counts statements on purpose
    (``CaptureQueriesContext``) still gets them, and so does the logger ``django.db.backends``.
    """
    with ExitStack() as stack:
        for connection in connections.all():
            if not connection.force_debug_cursor:
                stack.enter_context(_forgetting(connection))
        yield


@contextmanager
def _forgetting(connection: BaseDatabaseWrapper) -> Iterator[None]:
    kept = connection.queries_log
    connection.queries_log = deque(maxlen=0)
    try:
        yield
    finally:
        connection.queries_log = kept
