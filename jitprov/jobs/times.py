"""Work out when a job is due: after it is done, after it failed, and at first. No two are due at the same moment."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from django.utils import timezone

FIRST_WAIT = timedelta(minutes=1)
LONGEST_WAIT = timedelta(days=1)
_MOST_DOUBLINGS = 16


def now() -> datetime:
    """Return the time. Nothing else in this wing asks for it."""
    return timezone.now()


def after_success(every: timedelta) -> datetime:
    """Return when a job is due again: a little sooner than it must be, so that many that ran together drift apart."""
    return now() + every * _between(0.9, 1)


def after_failure(failures: int) -> datetime:
    """Return when a job is tried again that has failed some times in a row: later each time, up to a day."""
    wait = FIRST_WAIT * float(2 ** min(failures - 1, _MOST_DOUBLINGS))
    waited: timedelta = min(wait, LONGEST_WAIT) * _between(0.5, 1)
    return now() + waited


def spread_over(every: timedelta) -> datetime:
    """Return a first time for one of many, so that thousands that are new together do not come together."""
    return now() + every * _between(0, 1)


def pause(attempt: int) -> float:
    """Return seconds to wait before something is tried again that others were in the way of."""
    return _between(0.5, 1) * 0.02 * float(2**attempt)


def _between(least: float, most: float) -> float:
    return random.uniform(least, most)  # noqa: S311 -- no secret
