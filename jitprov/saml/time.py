"""Read and write points in time in the form of XML Schema (xs:dateTime)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from jitprov.saml.xml import stripped

_INSTANT = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(\.\d{1,20})?(Z|[+-]\d\d:\d\d)?", re.ASCII)


def parse_instant(text: str) -> datetime:
    """Return the moment of an xs:dateTime, cut to microseconds. Without a zone it is UTC (saml-core-2.0 §1.3.3).

    >>> parse_instant("2026-08-01T12:00:00.5+02:00")
    datetime.datetime(2026, 8, 1, 10, 0, 0, 500000, tzinfo=datetime.timezone.utc)

    :raises ValueError: it is not an xs:dateTime, or no such day exists.
    """
    match = _INSTANT.fullmatch(stripped(text))
    if match is None:
        raise ValueError("not an xs:dateTime")
    seconds, fraction, zone = match.groups()
    moment = datetime.fromisoformat(f"{seconds}{(fraction or '.0')[:7]:0<7}{zone or 'Z'}")
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:  # a zone that leads out of the years 1 to 9999
        raise ValueError("no such moment") from error


def with_skew(moment: datetime, skew: timedelta) -> str:
    """Return a moment and the skew that is allowed around it as a text, for a person.

    >>> with_skew(datetime(2026, 8, 1, 10, tzinfo=UTC), timedelta(minutes=2))
    '2026-08-01T10:00:00Z ± 120 s'
    """
    return f"{format_instant(moment)} ± {skew.total_seconds():.0f} s"


def apart(expected: str, received: str) -> timedelta | None:
    """Return how much later a received moment is than the expected one, which may be followed by a skew.

    >>> apart("2026-08-01T10:00:00Z ± 120 s", "2026-08-01T09:55:00Z").total_seconds()
    -300.0

    Return ``None`` unless both are moments.
    """
    try:
        return parse_instant(received) - parse_instant(expected.partition(" ")[0])
    except ValueError:
        return None


def format_instant(moment: datetime) -> str:
    """Return a moment in the form that SAML requires: UTC, in whole seconds.

    >>> format_instant(datetime(2026, 8, 1, 10, 0, 0, 500000, tzinfo=UTC))
    '2026-08-01T10:00:00Z'
    """
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
