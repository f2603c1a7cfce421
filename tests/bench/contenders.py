"""Start the hosts that are compared, and send them orders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from typing import Any, cast

from tests.bench.databases import Settings
from tests.bench.directories import Directory
from tests.bench.environment import PYTHON, ROOT
from tests.bench.hosts.interface import Delivery, Left, Measured


class Contender(Enum):
    """A host; the value is its package."""

    FLOOR = "login_alone"
    JITPROV = "with_jitprov"
    ALLAUTH = "with_allauth"

    @property
    def label(self) -> str:
        return {"login_alone": "`login()`", "with_jitprov": "jitprov"}.get(self.value, "allauth")

    @property
    def has_saml(self) -> bool:
        return self is not Contender.FLOOR

    @property
    def python(self) -> Path:
        return PYTHON if self is Contender.ALLAUTH else Path(sys.executable)


class HostFailed(Exception):
    """A host's process has ended; its own message was printed before."""


class HostProcess:
    """A running host. :class:`tests.bench.hosts.__main__.Desk` describes its orders."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def connect(self, directories: Sequence[Directory]) -> None:
        self._order("connect", directories=[directory.row for directory in directories])

    def leave(self, slugs: Sequence[str]) -> Left:
        return cast(Left, self._order("leave", slugs=slugs))

    def deliver(
        self, deliveries: Sequence[Delivery], *, new: int = 0, count: bool = False
    ) -> Measured:
        return cast(Measured, self._order("deliver", deliveries=deliveries, new=new, count=count))

    def memory(self) -> int:
        return cast(int, self._order("memory"))

    def _order(self, what: str, **arguments: Any) -> Any:
        orders, answers = self._process.stdin, self._process.stdout
        assert orders is not None
        assert answers is not None
        try:
            orders.write(json.dumps({"do": what, **arguments}) + "\n")
            orders.flush()
            answer = answers.readline()
        except BrokenPipeError as error:
            raise HostFailed from error
        if not answer:
            raise HostFailed
        return json.loads(answer)


def variables(contender: Contender, database: Settings) -> dict[str, str]:
    """Return the environment variables that choose a host and its database."""
    return {
        "DJANGO_SETTINGS_MODULE": f"tests.bench.hosts.{contender.value}.settings",
        "BENCH_DATABASE": json.dumps(database),
    }


@contextmanager
def running(contender: Contender, database: Settings) -> Iterator[HostProcess]:
    """Run a host on a database."""
    with subprocess.Popen(
        [contender.python, "-m", "tests.bench.hosts"],
        cwd=ROOT,
        env={**os.environ, **variables(contender, database)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield HostProcess(process)
