"""Count refusals of unproved origin, with at most one write for each identity provider and minute.

Anybody can cause such refusals, as fast as they can post. So each process counts in memory, and adds what it has counted
to the row of the identity provider when nobody has written that row for a minute. What is pending when a process ends
is lost.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from threading import Lock
from time import monotonic
from typing import Any

from django.db import Error
from django.db.models import F
from django.utils.timezone import now

from jitprov.models import IdentityProvider, UnprovedRefusals, accounts_database
from jitprov.models.identities import accounts_schema

logger = logging.getLogger("jitprov")

EVERY = timedelta(minutes=1)
"""How often the row of an identity provider is written at most, by all processes together."""
RETRY = timedelta(seconds=10)
"""How long a process waits at most after it could not write. One that wrote waits as much longer, after the minute."""
MAX_COUNTED = 1024
"""Identity providers that a process counts for. If there are more, it forgets the one with the oldest refusal."""


@dataclass(slots=True)
class _Counter:
    pending: int = 0
    due: float = -inf
    """The time of the next write, by the monotonic clock."""


class Tally:
    """The refusals that one process has counted and not yet written, by identity provider."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._counters: dict[Hashable, _Counter] = {}

    def add(self, key: Hashable) -> int:
        """Count one refusal. Return how many the caller has to write now: all that are pending, or none."""
        with self._lock:
            counter = self._counters.pop(key, None) or _Counter()
            if len(self._counters) >= MAX_COUNTED:
                del self._counters[next(iter(self._counters))]
            self._counters[key] = counter  # the newest is the last
            counter.pending += 1
            if monotonic() < counter.due:
                return 0
            counter.due = monotonic() + (EVERY + RETRY).total_seconds()
            taken, counter.pending = counter.pending, 0
            return taken

    def put_back(self, key: Hashable, number: int) -> None:
        """Make refusals pending again that could not be written."""
        with self._lock:
            counter = self._counters.get(key)
            if counter is not None:
                counter.pending += number
                # At no fixed time, so that no process is always the first to look after a minute.
                counter.due = monotonic() + RETRY.total_seconds() * random.uniform(0.5, 1)  # noqa: S311


_TALLY = Tally()


def count_unproved(identity_provider: IdentityProvider) -> None:
    """Count a refusal of unproved origin, and write what is pending if it is time to.

    Call it after the refusal is committed: its own write must not hold that transaction up nor be undone with it.
    If that fails, it is logged, and what was to be written is pending again.
    """
    alias = accounts_database()
    key = (alias, accounts_schema(), identity_provider.pk)
    number = _TALLY.add(key)
    if not number:
        return
    written = False
    try:
        written = _write(alias, identity_provider.pk, number)
    except Error:
        logger.warning("refusals of unproved origin could not be counted yet", exc_info=True)
    finally:
        if not written:
            _TALLY.put_back(key, number)


def _write(alias: str, identity_provider_id: Any, number: int) -> bool:
    """Add to the row of an identity provider; return false if a process has written it within the minute."""
    at = now()
    rows = UnprovedRefusals.objects.using(alias)
    # Read first: on SQLite an UPDATE locks the whole database, even if it finds no row.
    row, is_new = rows.get_or_create(
        pk=identity_provider_id, defaults={"count": number, "counted_at": at}
    )
    if is_new:
        return True
    if abs(at - row.counted_at) < EVERY:  # a time far in the future is of a clock that was wrong
        return False
    unchanged = rows.filter(pk=row.pk, counted_at=row.counted_at)
    return bool(unchanged.update(count=F("count") + number, counted_at=at))
