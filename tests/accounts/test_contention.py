"""Which failures mean that a database is busy, and how often it is asked again."""

from __future__ import annotations

import sqlite3
import time

import pytest
from django.db import DatabaseError, IntegrityError, OperationalError

from jitprov.accounts import contention
from jitprov.accounts.contention import TryAgain, is_busy, is_unique_violation, persevere


class FromPostgresql(Exception):
    """As psycopg 3 says it."""

    def __init__(self, code: str) -> None:
        super().__init__("in words that depend on the server's language")
        self.sqlstate = code


class FromPsycopg2(Exception):
    def __init__(self, code: str) -> None:
        super().__init__()
        self.pgcode = code


class FromSqlite(Exception):
    def __init__(self, code: int) -> None:
        super().__init__()
        self.sqlite_errorcode = code


def raised(error: DatabaseError, cause: Exception | None = None) -> DatabaseError:
    """Return an error as Django raises it: from the driver's."""
    error.__cause__ = cause
    return error


BUSY = {
    "PostgreSQL: a deadlock": raised(OperationalError(), FromPostgresql("40P01")),
    "PostgreSQL: a lock that was waited for": raised(OperationalError(), FromPostgresql("55P03")),
    "PostgreSQL: a statement that took too long": raised(
        OperationalError(), FromPostgresql("57014")
    ),
    "PostgreSQL: transactions that are in each other's way": raised(
        OperationalError(), FromPostgresql("40001")
    ),
    "PostgreSQL by psycopg 2": raised(OperationalError(), FromPsycopg2("40P01")),
    "MariaDB: a deadlock": raised(OperationalError(1213, "Deadlock found")),
    "MariaDB: a lock that was waited for": raised(OperationalError(1205, "Lock wait timeout")),
    "MariaDB: a row that changed since it was read": raised(OperationalError(1020, "Record")),
    "SQLite: locked by another connection": raised(
        OperationalError(), FromSqlite(sqlite3.SQLITE_BUSY)
    ),
    "SQLite: changed since it was read": raised(
        OperationalError(), FromSqlite(sqlite3.SQLITE_BUSY_SNAPSHOT)
    ),
    "SQLite: locked in a shared cache": raised(
        OperationalError(), FromSqlite(sqlite3.SQLITE_LOCKED)
    ),
}
TAKEN = {
    "PostgreSQL": raised(IntegrityError(), FromPostgresql("23505")),
    "PostgreSQL by psycopg 2": raised(IntegrityError(), FromPsycopg2("23505")),
    "MariaDB": raised(IntegrityError(1062, "Duplicate entry")),
    "SQLite": raised(IntegrityError(), FromSqlite(sqlite3.SQLITE_CONSTRAINT_UNIQUE)),
    "SQLite: a primary key": raised(
        IntegrityError(), FromSqlite(sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
    ),
}
BROKEN = {
    "PostgreSQL: no connection": raised(OperationalError(), FromPostgresql("08006")),
    "PostgreSQL: a full disk": raised(OperationalError(), FromPostgresql("53100")),
    "PostgreSQL: a missing value": raised(IntegrityError(), FromPostgresql("23502")),
    "MariaDB: no connection": raised(OperationalError(2006, "Server has gone away")),
    "MariaDB: no such row to refer to": raised(IntegrityError(1452, "Cannot add")),
    "SQLite: a full disk": raised(OperationalError(), FromSqlite(sqlite3.SQLITE_FULL)),
    "SQLite: no such table": raised(OperationalError(), FromSqlite(sqlite3.SQLITE_ERROR)),
    "SQLite: a missing value": raised(
        IntegrityError(), FromSqlite(sqlite3.SQLITE_CONSTRAINT_NOTNULL)
    ),
    "nothing known": raised(OperationalError()),
}


@pytest.fixture(autouse=True)
def in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _seconds: None)


class Work:
    """Fails so many times."""

    def __init__(self, error: DatabaseError, failures: int) -> None:
        self.error, self.failures, self.attempts = error, failures, 0

    def __call__(self) -> str:
        self.attempts += 1
        if self.attempts <= self.failures:
            raise self.error
        return "done"


@pytest.mark.parametrize("error", BUSY.values(), ids=BUSY)
def test_lock_errors_of_every_database_are_recognised(error: DatabaseError) -> None:
    assert is_busy(error)
    assert not is_unique_violation(error)


@pytest.mark.parametrize("error", TAKEN.values(), ids=TAKEN)
def test_unique_violations_of_every_database_are_recognised(error: DatabaseError) -> None:
    assert is_unique_violation(error)
    assert not is_busy(error)


@pytest.mark.parametrize("error", BROKEN.values(), ids=BROKEN)
def test_other_database_errors_are_not_tried_again(error: DatabaseError) -> None:
    work = Work(error, failures=1)

    with pytest.raises(type(error)):
        persevere(work)

    assert not is_busy(error)
    assert not is_unique_violation(error)
    assert work.attempts == 1


def test_a_transaction_that_fails_a_few_times_succeeds_in_the_end() -> None:
    work = Work(BUSY["MariaDB: a deadlock"], failures=contention.ATTEMPTS - 1)

    assert persevere(work) == "done"


def test_a_transaction_that_always_fails_is_given_up() -> None:
    work = Work(BUSY["MariaDB: a deadlock"], failures=1000)

    with pytest.raises(TryAgain):
        persevere(work)

    assert work.attempts == contention.ATTEMPTS


def test_attempts_end_when_the_total_wait_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database may let each attempt wait for almost a minute."""
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    work = Work(BUSY["MariaDB: a lock that was waited for"], failures=1000)

    def slowly() -> str:
        now[0] += 6
        return work()

    with pytest.raises(TryAgain):
        persevere(slowly)

    assert work.attempts == 2


def test_the_caller_can_name_further_errors_to_try_again() -> None:
    work = Work(TAKEN["SQLite"], failures=1000)

    with pytest.raises(IntegrityError):
        persevere(work, lost=is_unique_violation)

    assert work.attempts == contention.ATTEMPTS
