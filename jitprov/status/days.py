"""Compute the day of a time inside the database."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from django.db.models import DateField
from django.db.models.functions import Substr, TruncDate


class DayInUtc(TruncDate):
    """The day of a time in UTC.

    SQLite knows no time zones, so Django lets it call a Python function for each row. But it keeps times as text that
    begins with the day, in the zone of the connection: where that is UTC, as it is unless a host says otherwise, the
    first ten characters are the day.
    """

    def __init__(self, expression: str) -> None:
        super().__init__(expression, tzinfo=UTC)

    def as_sqlite(self, compiler: Any, connection: Any, **_context: Any) -> Any:
        if connection.timezone not in (None, UTC):
            return self.as_sql(compiler, connection)
        [moment] = self.get_source_expressions()
        return compiler.compile(Substr(moment, 1, 10, output_field=DateField()))
