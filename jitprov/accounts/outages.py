"""Tell an outage (no database, no cache, no room on the disk) from a mistake in the code of ours or of the host.

An outage ends by itself or by the hand of an operator, and whoever met it is told to come again. A mistake is left alone,
so that it ends as an error of the host's.
"""

from __future__ import annotations

import errno

from django.db import DatabaseError, InterfaceError, OperationalError

from jitprov.accounts.contention import TryAgain, errno_of, is_busy, sqlite_code_of, sqlstate_of
from jitprov.exceptions import JitprovError

# read_only_sql_transaction, admin_shutdown, crash_shutdown, cannot_connect_now
_POSTGRESQL_STATES = {"25006", "57P01", "57P02", "57P03"}
# Connection exceptions, insufficient resources (such as a full disk), errors outside of PostgreSQL
_POSTGRESQL_CLASSES = {"08", "53", "58"}
_DRIVERS_OF_POSTGRESQL = {"psycopg", "psycopg2", "psycopg_pool"}
# From ER_DISK_FULL and ER_CON_COUNT_ERROR to ER_READ_ONLY_MODE, and what the client says of a lost connection
_MARIADB = {3, 28, 1021, 1030, 1040, 1053, 1114, 1203, 1226, 1290, 1792, 1836, 1927}
_MARIADB_CLIENT = {2002, 2003, 2005, 2006, 2013, 2055}
# SQLITE_READONLY, SQLITE_IOERR, SQLITE_FULL, SQLITE_CANTOPEN
_SQLITE = {8, 10, 13, 14}
_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
_CACHE_CLIENTS = {"redis", "valkey", "django_redis", "django_valkey", "pymemcache", "pylibmc"}
"""Packages whose exceptions say that a cache could not be asked: for sessions, or for the limits of the API."""


class TemporarilyUnavailable(JitprovError):
    """The database, the disk or the cache could not be reached, or not be written."""

    code = "temporarily_unavailable"


def refusal_for(error: Exception) -> JitprovError | None:
    """Return the refusal that tells of a busy database or an outage; ``None`` for a mistake."""
    if isinstance(error, DatabaseError) and is_busy(error):
        return TryAgain()
    return TemporarilyUnavailable() if is_outage(error) else None


def is_outage(error: BaseException) -> bool:
    """Say whether the database, the disk or a cache could not be reached, or not be written."""
    if isinstance(error, InterfaceError):
        return True  # the connection itself is gone
    if isinstance(error, DatabaseError):
        return _of_postgresql(error) or _of_mariadb(error) or _of_sqlite(error)
    return _of_network_or_disk(error) or _package_of(error) in _CACHE_CLIENTS


def _of_postgresql(error: DatabaseError) -> bool:
    state = sqlstate_of(error)
    if state is None:
        lost = isinstance(error, OperationalError)
        return lost and _package_of(error.__cause__) in _DRIVERS_OF_POSTGRESQL
    return state in _POSTGRESQL_STATES or state[:2] in _POSTGRESQL_CLASSES


def _of_mariadb(error: DatabaseError) -> bool:
    return errno_of(error) in _MARIADB | _MARIADB_CLIENT


def _of_sqlite(error: DatabaseError) -> bool:
    return sqlite_code_of(error) & 0xFF in _SQLITE


def _of_network_or_disk(error: BaseException) -> bool:
    lost = isinstance(error, ConnectionError | TimeoutError)
    return lost or (isinstance(error, OSError) and error.errno in _DISK)


def _package_of(error: BaseException | None) -> str:
    return type(error).__module__.partition(".")[0]
