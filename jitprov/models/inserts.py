"""Insert many rows of a table at once.

``bulk_create`` compiles each value of each row. Of an import of 10,000 identity providers, which inserts 120,000 rows,
that was more than half. Here the statement is put together once, and a value that comes again is prepared once.
"""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, TypeAlias
from uuid import UUID

from django.db import connections, router, transaction
from django.db.models import Field, JSONField, Model
from django.utils import timezone

AnyField: TypeAlias = "Field[Any, Any]"
Row: TypeAlias = Mapping[str, Any]
"""Values by the names of a model's attributes, as ``vars()`` of an object has them: ``tenant_id``, not ``tenant``."""


def insert_rows(model: type[Model], rows: Iterable[Row]) -> None:
    """Insert rows in one transaction. As with ``bulk_create``, no signal is sent.

    :param rows: each has every column, but the primary key and the times that a field takes by itself (``auto_now``,
        ``auto_now_add``), which are not taken from it.
    """
    alias = router.db_for_write(model)
    connection = connections[alias]
    given, timed = _fields_of(model)
    columns = [(field.attname, _preparation(field, connection)) for field in given]
    now = timezone.now()
    times = [field.get_db_prep_save(now, connection) for field in timed]
    values = [[prepare(row[name]) for name, prepare in columns] + times for row in rows]
    if values:
        statement, parameters = _insert(model, [*given, *timed], values, connection)
        with transaction.atomic(using=alias, savepoint=False), connection.cursor() as cursor:
            # Also where it is one: with DEBUG, Django keeps the values of ``execute``, and not of this.
            cursor.executemany(statement, parameters)


def _fields_of(model: type[Model]) -> tuple[list[AnyField], list[AnyField]]:
    """Return the fields whose values are given, and those that take the time by themselves."""
    fields = [one for one in model._meta.concrete_fields if not (one.primary_key or one.generated)]
    timed = [
        one
        for one in fields
        if getattr(one, "auto_now", False) or getattr(one, "auto_now_add", False)
    ]
    return [one for one in fields if one not in timed], timed


def _insert(
    model: type[Model], fields: Sequence[AnyField], values: Sequence[list[Any]], connection: Any
) -> tuple[str, Sequence[Sequence[Any]]]:
    """Return a statement, and the parameters of each time that it is to be run."""
    quoted = connection.ops.quote_name
    table = quoted(model._meta.db_table)
    names = [field.column for field in fields]
    columns = ", ".join(map(quoted, names))
    into = f"INSERT INTO {table} ({columns})"
    if connection.vendor != "postgresql":
        return f"{into} VALUES ({', '.join('%s' for _ in names)})", values
    # PostgreSQL's driver sends each row alone, which costs more than all else. It reads them all from one JSON text.
    rows = json.dumps([dict(zip(names, row, strict=True)) for row in values], default=_as_text)
    select = f"SELECT {columns} FROM json_populate_recordset(NULL::{table}, %s)"  # noqa: S608 -- names of ours
    return f"{into} {select}", [[rows]]


def _as_text(value: Any) -> str:
    """Return a value that JSON has not, as PostgreSQL reads it.

    :raises TypeError: it could be read as something else.
    """
    if isinstance(value, date):  # also with a time
        return value.isoformat()
    if isinstance(value, (Decimal, UUID)):
        return str(value)
    raise TypeError(type(value))


def _preparation(field: AnyField, connection: Any) -> Callable[[Any], Any]:
    """Return what makes of a column's value what the database's driver takes."""
    prepare = partial(field.get_db_prep_save, connection=connection)
    if isinstance(field, JSONField):
        return _remembering(prepare) if connection.vendor != "postgresql" else _unchanged
    return lru_cache(maxsize=None, typed=True)(prepare)


def _unchanged(value: Any) -> Any:
    return value


def _remembering(prepare: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return the same for values that can not be hashed."""
    known: dict[bytes, Any] = {}

    def remembering(value: Any) -> Any:
        key = pickle.dumps(value)
        if key not in known:
            known[key] = prepare(value)
        return known[key]

    return remembering
