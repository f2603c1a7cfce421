from __future__ import annotations

from datetime import timedelta

import pytest

from jitprov.jobs import times
from tests.jobs.clocks import Clock

DAY = timedelta(days=1)


def test_a_job_that_is_done_is_due_again_no_later_than_it_must_be(clock: Clock) -> None:
    assert times.after_success(DAY, 0) == clock.now + DAY
    assert times.after_success(DAY, 1) == clock.now + DAY * 0.9


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
    assert times.after_failure(failures, 0) == clock.now + longest
    assert times.after_failure(failures, 1) == clock.now + longest / 2


def test_many_that_are_new_do_not_come_together(clock: Clock) -> None:
    chances = [times.chance() for _ in range(1000)]
    known = [times.chance_of(f"https://idp-{number}.example/") for number in range(1000)]

    for some in (chances, known):
        waits = sorted(times.spread_over(DAY, chance) - clock.now for chance in some)
        assert timedelta(0) <= waits[0] < DAY / 10
        assert DAY * 0.9 < waits[-1] <= DAY


def test_a_value_has_the_same_chance_in_every_process() -> None:
    assert round(times.chance_of("https://idp.example/"), 3) == 0.801
