"""Statements that every sign-in runs, put together once instead of every time.

Django takes up to ten times as long to compile such a statement as the database to answer it. What is kept is the
SQL, never a row: it runs with new values each time, and Django's own iterator makes the objects.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from django.conf import settings
from django.db import connections, router
from django.db.models import Expression, Model, QuerySet
from django.db.models.signals import post_save, pre_save
from django.db.models.sql import Query
from django.db.models.sql.compiler import SQLCompiler
from django.db.models.sql.subqueries import InsertQuery
from django.db.transaction import TransactionManagementError, mark_for_rollback_on_error

M = TypeVar("M", bound=Model)

MAX_KEPT = 64
"""Texts of one statement: one for each database alias, and for each way in which table names are written there."""


class Parameter(Expression):
    """Stands in a filter for a value that is known only when the statement runs, as the database driver takes it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [self]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A statement as one database understands it, and what its compiler has learnt of it."""

    sql: str
    params: tuple[Any, ...]
    learnt: Mapping[str, Any]
    converted: tuple[int, ...]
    """Numbers of the columns whose values Django converts; to ask each of them again takes longer than the database."""

    @classmethod
    def by(cls, compiler: Any) -> _Compiled:
        """Let a compiler put its statement together."""
        statement = compiler.as_sql()
        [(sql, params)] = statement if isinstance(statement, list) else [statement]
        own = {"connection", "query", "using"}
        learnt = {name: value for name, value in vars(compiler).items() if name not in own}
        columns = [column for column, *_ in getattr(compiler, "select", None) or ()]
        converted = tuple(compiler.get_converters(columns))
        return cls(sql=sql, params=tuple(params), learnt=learnt, converted=converted)

    def teach(self, compiler: Any, statement: object) -> None:
        """Let a compiler of the same kind run a statement as if it had put it together itself."""
        vars(compiler).update(self.learnt)
        vars(compiler)["as_sql"] = lambda *_args, **_kwargs: statement

    def convert(self, compiler: Any) -> None:
        """Let a compiler look for converters only where there are any."""
        find = compiler.get_converters

        def found(columns: list[Any]) -> dict[int, Any]:
            some = find([columns[number] for number in self.converted])
            return {self.converted[number]: one for number, one in some.items()}

        vars(compiler)["get_converters"] = found


class _Kept:
    """One statement for each database. It is never stale: what its text follows from is in the key."""

    def __init__(self) -> None:
        self._compiled: dict[Hashable, _Compiled] = {}

    def get(self, model: type[Model], alias: str, compile_it: Callable[[], Any]) -> _Compiled:
        """Return the statement for a database; compile it if it never ran there."""
        connection: Any = connections[alias]
        # A host's database backend may write the tenant's schema into each name; most set a search path instead.
        table = connection.ops.quote_name(model._meta.db_table)
        # USE_TZ, because MariaDB's times are converted only where there are time zones.
        key = alias, type(connection), table, settings.USE_TZ
        compiled = self._compiled.get(key)
        if compiled is None:
            compiled = _Compiled.by(compile_it())
            if len(self._compiled) >= MAX_KEPT:
                self._compiled.clear()
            self._compiled[key] = compiled
        return compiled


class _KeptQuery(Query):
    """A query whose compiler has done its work before."""

    compiled: _Compiled
    values: Mapping[str, Any]

    def get_compiler(
        self, using: str | None = None, connection: Any = None, elide_empty: bool = True
    ) -> SQLCompiler:
        compiler: SQLCompiler = super().get_compiler(using, connection, elide_empty)
        params = (
            self.values[one.name] if isinstance(one, Parameter) else one
            for one in self.compiled.params
        )
        self.compiled.teach(compiler, (self.compiled.sql, tuple(params)))
        self.compiled.convert(compiler)
        return compiler


class KeptSelect(Generic[M]):
    """A SELECT with parameters.

    :param rows: makes the query set when the models are loaded, with a :class:`Parameter` for each value.
    """

    def __init__(self, rows: Callable[[], QuerySet[M]]) -> None:
        self._make_rows = rows
        self._kept = _Kept()

    def run(self, **values: Any) -> list[M]:
        """Return the rows, with a value for each parameter.

        :raises TransactionManagementError: it locks what it reads, and there is no transaction.
        """
        rows = self._rows
        alias = rows.db
        if rows.query.select_for_update and connections[alias].get_autocommit():
            # Django's compiler says so, which is not asked any more.
            raise TransactionManagementError("select_for_update needs a transaction")
        # Shallow: nothing of the query is changed when it only runs.
        query = copy(self._query)
        query.values = values
        query.compiled = self._kept.get(
            rows.model, alias, lambda: rows.all().query.get_compiler(using=alias)
        )
        return list(type(rows)(rows.model, query=query, using=alias))

    @cached_property
    def _rows(self) -> QuerySet[M]:
        return self._make_rows()

    @cached_property
    def _query(self) -> _KeptQuery:
        return cast("_KeptQuery", self._rows.query.chain(_KeptQuery))


def insert(row: M) -> M:
    """Write a row that is new, as its ``save()`` does; by that where somebody listens to the signals of its model."""
    if any(signal.has_listeners(type(row)) for signal in (pre_save, post_save)):
        row.save(force_insert=True)
    else:
        _insert(row, router.db_for_write(type(row), instance=row))
    return row


_INSERTS = _Kept()


def _insert(row: Model, alias: str) -> None:
    connection: Any = connections[alias]
    meta: Any = row._meta
    fields = [field for field in meta.local_concrete_fields if field is not meta.auto_field]
    compiled = _INSERTS.get(type(row), alias, lambda: _inserting(row, fields, alias))
    values = tuple(
        field.get_db_prep_save(field.pre_save(row, add=True), connection) for field in fields
    )
    compiler = _inserting(row, fields, alias)
    compiled.teach(compiler, [(compiled.sql, values)])
    with mark_for_rollback_on_error(using=alias):
        [returned] = compiler.execute_sql(meta.db_returning_fields)
    for field, value in zip(meta.db_returning_fields, returned, strict=True):
        setattr(row, field.attname, value)
    row._state.adding, row._state.db = False, alias  # noqa: SLF001 -- as a save leaves it


def _inserting(row: Model, fields: list[Any], alias: str) -> Any:
    """Return the compiler of an INSERT that has compiled nothing yet."""
    query: Any = InsertQuery(type(row))
    query.insert_values(fields, [row])
    compiler = query.get_compiler(using=alias)
    compiler.returning_fields = row._meta.db_returning_fields
    return compiler
