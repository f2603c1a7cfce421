"""Make an empty database for each host: on SQLite always, on PostgreSQL if one answers here."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

POSTGRESQL_SERVER = "127.0.0.1:5432"
Settings = dict[str, Any]
"""One entry of Django's ``DATABASES``."""


class Server(ABC):
    """A database server, or what stands for one."""

    name: str
    version: str

    @abstractmethod
    @contextmanager
    def database(self, name: str) -> Iterator[Settings]:
        """Make an empty database, and drop it in the end."""


_FOR_PRODUCTION = {
    # As Django's documentation advises. With the defaults, the file system is most of what is measured.
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    "transaction_mode": "IMMEDIATE",
}


class Sqlite(Server):
    """Files in a folder, with a write-ahead log."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        import sqlite3  # noqa: PLC0415 -- its namesake's only use

        self.version = sqlite3.sqlite_version
        self._folder = folder

    @contextmanager
    def database(self, name: str) -> Iterator[Settings]:
        with TemporaryDirectory(dir=self._folder) as folder:
            yield {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(Path(folder) / f"{name}.sqlite3"),
                "OPTIONS": _FOR_PRODUCTION,
            }


class PostgresqlAbsent(Exception):
    """No PostgreSQL server answers, or it refuses our user."""


class Postgresql(Server):
    """A server on this machine, used as ``PGUSER`` with ``PGPASSWORD``, or as ``postgres``.

    :raises PostgresqlAbsent: no such server, or no driver.
    """

    name = "PostgreSQL"

    def __init__(self) -> None:
        host, port = POSTGRESQL_SERVER.split(":")
        self._settings: Settings = {
            "ENGINE": "django.db.backends.postgresql",
            "HOST": host,
            "PORT": port,
            "USER": os.environ.get("PGUSER", "postgres"),
            "PASSWORD": os.environ.get("PGPASSWORD", ""),
        }
        [[self.version]] = self._run("SHOW server_version")

    @contextmanager
    def database(self, name: str) -> Iterator[Settings]:
        self._run(f'DROP DATABASE IF EXISTS "{name}"')
        self._run(f'CREATE DATABASE "{name}"')
        try:
            yield {**self._settings, "NAME": name}
        finally:
            self._run(f'DROP DATABASE "{name}" WITH (FORCE)')

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        try:
            import psycopg  # noqa: PLC0415 -- may be absent
        except ImportError as error:
            raise PostgresqlAbsent("psycopg is not installed") from error
        try:
            connection = psycopg.connect(
                host=self._settings["HOST"],
                port=self._settings["PORT"],
                user=self._settings["USER"],
                password=self._settings["PASSWORD"],
                dbname="postgres",
                autocommit=True,
                connect_timeout=3,
            )
        except psycopg.OperationalError as error:
            raise PostgresqlAbsent(f"nobody answers on {POSTGRESQL_SERVER}") from error
        with connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []
