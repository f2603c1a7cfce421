"""Delete or update many rows a batch at a time, so that nobody who signs in waits for longer than one batch takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeAlias

from django.db.models import QuerySet

BATCH_SIZE = 1000
MAX_PAUSE = 0.1
"""The longest time between two batches, in seconds."""

Around: TypeAlias = Callable[[], AbstractContextManager[object]]
"""Makes what each batch is written in, such as a transaction that checks a lease."""


def delete_in_batches(rows: QuerySet[Any], around: Around = nullcontext) -> int:
    """Delete rows, each batch in a transaction of its own, and return how many of their own kind were deleted."""
    label = rows.model._meta.label
    return _in_batches(rows, lambda batch: batch.delete()[1].get(label, 0), around)


def update_in_batches(rows: QuerySet[Any], around: Around = nullcontext, /, **values: Any) -> int:
    """Update rows, each batch in a statement of its own, and return how many were updated."""
    return _in_batches(rows, lambda batch: batch.update(**values), around)


def _in_batches(rows: QuerySet[Any], write: Callable[[QuerySet[Any]], int], around: Around) -> int:
    written = 0
    for batch in _batches(rows):
        begun = time.monotonic()
        with around():
            written += write(batch)
        # SQLite has one writer at a time and no queue: others have as long a time to come in as we took.
        time.sleep(min(time.monotonic() - begun, MAX_PAUSE))
    return written


def _batches(rows: QuerySet[Any]) -> Iterator[QuerySet[Any]]:
    keys = rows.order_by("pk").values_list("pk", flat=True)
    chosen = list(keys[:BATCH_SIZE])
    while chosen:
        yield rows.filter(pk__in=chosen)
        # From where the last batch ended: nothing is looked through twice.
        chosen = list(keys.filter(pk__gt=chosen[-1])[:BATCH_SIZE])
