"""A clock that tests set forward, in place of the one that jobs ask."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from jitprov.jobs import times


class Clock:
    """The time of all jobs."""

    def __init__(self) -> None:
        self.now = timezone.now()

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, by: timedelta) -> None:
        self.now += by


def stopped(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Let jobs ask a clock that stands still until it is set forward."""
    clock = Clock()
    monkeypatch.setattr(times, "now", clock)
    return clock
