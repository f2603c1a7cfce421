"""Which failures are outages, of which people are told to come again, and which are mistakes."""

from __future__ import annotations

import errno
import sqlite3

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.db.utils import ProgrammingError

from jitprov.accounts.contention import TryAgain
from jitprov.accounts.outages import TemporarilyUnavailable, is_outage, refusal_for
from tests.accounts.test_contention import FromPostgresql, FromSqlite, raised


class OfTheDriver(Exception):
    """As psycopg says it that a connection was lost: without a code."""

    __module__ = "psycopg.errors"


class OfTheCache(Exception):
    __module__ = "redis.exceptions"


class OfTheHost(Exception):
    """A mistake of the host's."""


OUTAGES: dict[str, Exception] = {
    "PostgreSQL: a lost connection": raised(OperationalError(), OfTheDriver()),
    "PostgreSQL: an administrator's shutdown": raised(OperationalError(), FromPostgresql("57P01")),
    "PostgreSQL: a full disk": raised(OperationalError(), FromPostgresql("53100")),
    "PostgreSQL: too many connections": raised(OperationalError(), FromPostgresql("53300")),
    "PostgreSQL: a standby": raised(DatabaseError(), FromPostgresql("25006")),
    "MariaDB: nobody there": raised(OperationalError(2002, "Can't connect")),
    "MariaDB: a lost connection": raised(OperationalError(2006, "Server has gone away")),
    "MariaDB: a full disk": raised(OperationalError(1021, "Disk full")),
    "MariaDB: read-only": raised(OperationalError(1290, "--read-only")),
    "SQLite: a full disk": raised(OperationalError(), FromSqlite(sqlite3.SQLITE_FULL)),
    "SQLite: read-only": raised(OperationalError(), FromSqlite(sqlite3.SQLITE_READONLY)),
    "SQLite: no such directory": raised(OperationalError(), FromSqlite(sqlite3.SQLITE_CANTOPEN)),
    "a connection that is closed": InterfaceError("connection already closed"),
    "a cache that nobody answers for": ConnectionRefusedError(),
    "a cache, in the words of its client": OfTheCache(),
    "a session file on a full disk": OSError(errno.ENOSPC, "No space left"),
}
MISTAKES: dict[str, Exception] = {
    "PostgreSQL: no such table": raised(ProgrammingError(), FromPostgresql("42P01")),
    "MariaDB: no such column": raised(OperationalError(1054, "Unknown column")),
    "SQLite: no such table": raised(OperationalError(), FromSqlite(sqlite3.SQLITE_ERROR)),
    "a column that is NULL": raised(IntegrityError(), FromPostgresql("23502")),
    "a failure that says nothing": OperationalError(),
    "no such file": FileNotFoundError(errno.ENOENT, "No such file"),
    "a mistake of the host's": OfTheHost(),
}


@pytest.mark.parametrize("error", OUTAGES.values(), ids=OUTAGES)
def test_an_outage_is_told_as_one(error: Exception) -> None:
    assert is_outage(error)
    assert isinstance(refusal_for(error), TemporarilyUnavailable)


@pytest.mark.parametrize("error", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_no_outage(error: Exception) -> None:
    assert not is_outage(error)
    assert refusal_for(error) is None


def test_a_busy_database_is_no_outage() -> None:
    error = raised(OperationalError(), FromPostgresql("40P01"))

    assert not is_outage(error)
    assert isinstance(refusal_for(error), TryAgain)
