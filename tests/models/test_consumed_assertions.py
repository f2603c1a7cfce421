"""A used assertion is remembered long enough."""

from __future__ import annotations

from datetime import UTC, datetime

from django.test import override_settings

from jitprov.models import remembered_until

LATER = datetime(2040, 1, 1, tzinfo=UTC)


def test_a_used_assertion_is_remembered_while_any_clock_could_find_it_valid() -> None:
    with override_settings(JITPROV_CLOCK_SKEW=120):
        assert (remembered_until(LATER) - LATER).total_seconds() == 240
