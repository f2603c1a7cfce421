"""Read rows of another table as one JSON column, so that a sign-in reads its configuration in one statement.

A prefetch would cost one statement for each kind of row, and a cache could serve a certificate or a mapping
that is no longer trusted. A correlated subquery costs neither. It works on SQLite, PostgreSQL and MariaDB.
"""

from __future__ import annotations

from typing import Any

from django.db.models import Func, JSONField, Model, QuerySet, Subquery
from django.db.models.expressions import Expression, F
from django.db.models.functions import JSONObject


class RowsCutOff(Exception):
    """The database gave only a part of the rows: on MariaDB, ``group_concat_max_len`` is too small."""


class _Rows(JSONField):
    """A JSON array that is read whole or not at all. With fewer mappings other people would get in."""

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        rows = super().from_db_value(value, expression, connection)
        if rows is False:
            raise RowsCutOff("group_concat_max_len is too small for the rows of one sign-in")
        return rows


class _JsonArray(Func):
    """The database's aggregate of values into a JSON array.

    Not an ``Aggregate`` on purpose: that would add a GROUP BY to a subquery that must not have one.
    """

    function = "JSON_GROUP_ARRAY"
    output_field = _Rows()

    def as_postgresql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(compiler, connection, function="JSONB_AGG", **context)

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        """Return the aggregate for MariaDB, which cuts what is longer than ``group_concat_max_len`` (1 MB), with only a warning."""
        array, params = self.as_sql(compiler, connection, function="JSON_ARRAYAGG", **context)
        # What was cut is no JSON, so that its length is NULL; or by chance it is, and has fewer elements.
        whole = f"COUNT(*) = COALESCE(JSON_LENGTH({array}), 0)"
        return f"IF({whole}, {array}, 'false')", (*params, *params)


def json_rows(rows: QuerySet[Model, Any], *fields: str) -> Subquery:
    """Return a subquery whose value is a list with one object per row, or ``None`` if there are no rows.

    :param rows: filtered by an ``OuterRef``. Their order is lost.
    """
    return _subquery(rows, JSONObject(**{field: F(field) for field in fields}))


def json_values(rows: QuerySet[Model, Any], field: str) -> Subquery:
    """Return a subquery whose value is a list with one value per row, or ``None`` if there are no rows."""
    return _subquery(rows, F(field))


def _subquery(rows: QuerySet[Model, Any], value: Expression | F) -> Subquery:
    array = rows.order_by().annotate(_rows=_JsonArray(value)).values("_rows")
    return Subquery(array, output_field=_Rows())
