"""Work out when a job is due: after it is done, after it failed, and at first. A little chance keeps many apart."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from hashlib import sha256

from django.utils import timezone

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=1)
_MOST_DOUBLINGS = 16


def now() -> datetime:
    """Return the time. Nothing else in this wing asks for it."""
    return timezone.now()


def chance() -> float:
    """Return a number between 0 and 1. What has the same one is due at the same moment."""
    return random.random()  # noqa: S311 -- no secret


def chance_of(value: str) -> float:
    """Return a number between 0 and 1 that is always the same for a value."""
    return int.from_bytes(sha256(value.encode()).digest()[:6]) / 2**48


def after_success(every: timedelta, chance: float) -> datetime:
    """Return when a job is due again: up to a tenth sooner than it must be, so that many drift apart."""
    return now() + every * (1 - chance / 10)


def after_failure(failures: int, chance: float) -> datetime:
    """Return when a job is tried again that has failed some times in a row: later each time, up to a day."""
    wait = FIRST_WAIT * float(2 ** min(failures - 1, _MOST_DOUBLINGS))
    return now() + min(wait, LONGEST_WAIT) * (1 - chance / 2)


def spread_over(every: timedelta, chance: float) -> datetime:
    """Return a first time for one of many, so that thousands that are new together do not come together."""
    return now() + every * chance


def pause(attempt: int) -> float:
    """Return seconds to wait before something is tried again that others were in the way of."""
    return float(2**attempt) * (1 - chance() / 2) / 50
