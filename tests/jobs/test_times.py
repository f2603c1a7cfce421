from __future__ import annotations

from datetime import timedelta

import pytest

from jitprov.jobs import times
from tests.jobs.clocks import Clock

DAY = timedelta(days=1)


def test_a_job_that_is_done_is_due_again_no_later_than_it_must_be(clock: Clock) -> None:
    waits = [times.after_success(DAY) - clock.now for _ in range(200)]

    assert DAY * 0.9 <= min(waits) < max(waits) <= DAY


@pytest.mark.parametrize(
    ("failures", "longest"),
    [
        (1, timedelta(minutes=1)),
        (2, timedelta(minutes=2)),
        (5, timedelta(minutes=16)),
        (12, DAY),
        (4_000_000_000, DAY),
    ],
)
def test_a_job_that_fails_waits_longer_each_time_but_no_longer_than_a_day(
    failures: int, longest: timedelta, clock: Clock
) -> None:
    waits = [times.after_failure(failures) - clock.now for _ in range(200)]

    assert longest / 2 <= min(waits) < max(waits) <= longest


def test_many_that_are_new_do_not_come_together(clock: Clock) -> None:
    waits = sorted(times.spread_over(DAY) - clock.now for _ in range(1000))

    assert timedelta(0) <= waits[0] < DAY / 10
    assert DAY * 0.9 < waits[-1] <= DAY
