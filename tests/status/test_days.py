"""The day of a time is that of UTC, whichever way the database works it out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, connections

from jitprov.models import Outcome, ProvisioningEvent
from jitprov.status.days import DayInUtc

pytestmark = pytest.mark.django_db

MIDNIGHT = datetime(2026, 3, 29, tzinfo=UTC)
MOMENTS = [
    MIDNIGHT - timedelta(microseconds=1),
    MIDNIGHT,
    MIDNIGHT + timedelta(hours=1),  # clocks change in Berlin
    MIDNIGHT + timedelta(hours=23, minutes=30),
    datetime(2026, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
]


@pytest.fixture(params=[None, "Europe/Berlin", "Asia/Kolkata"])
def zone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the database keep times in another zone, as a host may have set it up."""
    if connection.vendor != "sqlite":
        yield  # where it is fixed when the connection is opened, and the database knows zones
        return
    wrapper: Any = connections["default"]
    usual = wrapper.settings_dict["TIME_ZONE"]
    wrapper.settings_dict["TIME_ZONE"] = request.param
    forget_zone(wrapper)
    try:
        yield
    finally:
        wrapper.settings_dict["TIME_ZONE"] = usual
        forget_zone(wrapper)


def forget_zone(wrapper: Any) -> None:
    for name in ("timezone", "timezone_name"):
        vars(wrapper).pop(name, None)


@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_the_day_is_that_of_utc(zone: None, moment: datetime) -> None:
    event = ProvisioningEvent.objects.create(outcome=Outcome.CREATED)
    ProvisioningEvent.objects.filter(pk=event.pk).update(created_at=moment)

    found = ProvisioningEvent.objects.values_list(DayInUtc("created_at"), flat=True)

    assert list(found) == [moment.date()]
