"""Points in time, as XML writes them."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,20})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def parse_instant(text: str) -> datetime:
    """Read an xs:dateTime; one without a zone is UTC (saml-core-2.0 §1.3.3). Microseconds, the rest is cut.

    >>> parse_instant("2026-08-01T12:00:00.5+02:00")
    datetime.datetime(2026, 8, 1, 10, 0, 0, 500000, tzinfo=datetime.timezone.utc)

    :raises ValueError: it is not one, or no such day exists.
    """
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        raise ValueError("not an xs:dateTime")
    seconds, fraction, zone = match.groups()
    moment = datetime.fromisoformat(f"{seconds}{(fraction or '.0')[:7]:0<7}{zone or 'Z'}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # a zone that leads out of the years 1 to 9999
        raise ValueError("no such moment") from error


def with_skew(moment: datetime, skew: timedelta) -> str:
    """Write a moment and how far from it a clock may be, for a person.

    >>> with_skew(datetime(2026, 8, 1, 10, tzinfo=UTC), timedelta(minutes=2))
    '2026-08-01T10:00:00Z ± 120 s'
    """
    return f"{format_instant(moment)} ± {skew.total_seconds():.0f} s"


def apart(expected: str, received: str) -> timedelta | None:
    """Return by how much a received moment is after the expected one, of which a skew may have been written.

    >>> apart("2026-08-01T10:00:00Z ± 120 s", "2026-08-01T09:55:00Z").total_seconds()
    -300.0

    ``None`` if they are not both moments.
    """
    try:
        return parse_instant(received) - parse_instant(expected.partition(" ")[0])
    except ValueError:
        return None


def format_instant(moment: datetime) -> str:
    """Write a moment as SAML wants it: UTC, whole seconds.

    >>> format_instant(datetime(2026, 8, 1, 10, 0, 0, 500000, tzinfo=UTC))
    '2026-08-01T10:00:00Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
