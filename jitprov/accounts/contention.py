"""Try a transaction again, within bounds, when others were in its way; tell that failure from all others.

A database that is busy is no mistake of anybody's, and the same work may succeed a moment later. Every other failure
(no such table, no connection, a full disk) is left alone here; :mod:`jitprov.accounts.outages` tells some of them apart.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from django.db import DatabaseError, IntegrityError

from jitprov.exceptions import JitprovError

T = TypeVar("T")

ATTEMPTS = 8
"""How often a transaction is tried that lost against another one."""
PATIENCE = 10.0
"""Seconds after which no attempt begins: each may wait for a lock as long as the database's own limit is."""

# deadlock_detected, lock_not_available, query_canceled (statement_timeout), serialization_failure
_POSTGRESQL_BUSY = {"40P01", "55P03", "57014", "40001"}
_POSTGRESQL_UNIQUE = {"23505"}
# ER_CHECKREAD (innodb_snapshot_isolation), ER_LOCK_WAIT_TIMEOUT, ER_LOCK_DEADLOCK
_MARIADB_BUSY = {1020, 1205, 1213}
_MARIADB_UNIQUE = {1062}
_SQLITE_BUSY = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_SQLITE_UNIQUE = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}


class TryAgain(JitprovError):
    """The database was too busy with other transactions, time and again."""

    code = "try_again"


def is_busy(error: BaseException) -> bool:
    """Tell that a transaction lost against another one, or waited too long for a lock."""
    return (
        sqlstate_of(error) in _POSTGRESQL_BUSY
        or errno_of(error) in _MARIADB_BUSY
        or sqlite_code_of(error) & 0xFF in _SQLITE_BUSY  # the rest says in which way
    )


def is_unique_violation(error: BaseException) -> bool:
    """Tell that a value must be unique and somebody else has it."""
    return (
        sqlstate_of(error) in _POSTGRESQL_UNIQUE
        or errno_of(error) in _MARIADB_UNIQUE
        or sqlite_code_of(error) in _SQLITE_UNIQUE
    )


def violated(error: IntegrityError) -> str:
    """Return which column or constraint a failure is about. Never a value: PostgreSQL's own text quotes the row."""
    diagnostics = getattr(error.__cause__, "diag", None)
    if diagnostics is None:
        return str(error)
    names = (diagnostics.table_name, diagnostics.column_name, diagnostics.constraint_name)
    return " ".join(filter(None, names)) or str(sqlstate_of(error))


def persevere(work: Callable[[], T], lost: Callable[[DatabaseError], bool] = is_busy) -> T:
    """Carry out a transaction, and again while it loses against another one. Each try reads anew what others wrote.

    :param work: a transaction of its own, because a failure ends the one that it happens in.
    :param lost: says of a failure whether to try again.
    :raises TryAgain: the database was busy every time.
    :raises DatabaseError: the last failure, if it is another one.
    """
    give_up = time.monotonic() + PATIENCE
    for pause in _pauses():
        try:
            return work()
        except DatabaseError as error:
            if not lost(error):
                raise
            failure = error
        if time.monotonic() + pause > give_up:
            break
        time.sleep(pause)
    if is_busy(failure):
        raise TryAgain from failure
    raise failure


def _pauses() -> Iterator[float]:
    """Return seconds to wait after each attempt: longer every time, and never the same for two."""
    return (random.uniform(0.5, 1) * 0.01 * 2**attempt for attempt in range(ATTEMPTS))  # noqa: S311 -- no secret


def sqlstate_of(error: BaseException) -> str | None:
    """Return PostgreSQL's code of a failure; ``None`` if there is none, as for a connection that was lost."""
    cause = error.__cause__
    by_psycopg_2: str | None = getattr(cause, "pgcode", None)
    return getattr(cause, "sqlstate", by_psycopg_2)


def errno_of(error: BaseException) -> object:
    """Return MariaDB's number of a failure."""
    return error.args[0] if error.args else None


def sqlite_code_of(error: BaseException) -> int:
    """Return SQLite's extended code of a failure; 0 if there is none."""
    code: int = getattr(error.__cause__, "sqlite_errorcode", 0)
    return code
