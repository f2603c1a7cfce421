"""Who is compared, and the process that each of them runs in."""

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
from tests.bench.hosts.interface import Delivery, Measured


class Contender(Enum):
    """A host; the value is its package."""

    ALONE = "alone"
    JITPROV = "with_jitprov"
    ALLAUTH = "with_allauth"

    @property
    def label(self) -> str:
        return {"alone": "Django alone", "with_jitprov": "jitprov"}.get(self.value, "allauth")

    @property
    def python(self) -> Path:
        return PYTHON if self is Contender.ALLAUTH else Path(sys.executable)


class HostFailed(Exception):
    """A host's process has ended; what it said is above."""


class HostProcess:
    """A host that runs, and takes orders. See :class:`tests.bench.hosts.__main__.Desk` for what they do."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def connect(self, directories: Sequence[Directory]) -> None:
        self._order("connect", directories=[directory.row for directory in directories])

    def leave(self, slugs: Sequence[str]) -> tuple[list[str], list[float]]:
        """Return where each browser is sent, and the CPU seconds of each."""
        left = self._order("leave", slugs=slugs)
        return left["urls"], left["cpu"]

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


@contextmanager
def running(contender: Contender, database: Settings) -> Iterator[HostProcess]:
    """Run a host on a database."""
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": f"tests.bench.hosts.{contender.value}.settings",
        "BENCH_DATABASE": json.dumps(database),
    }
    with subprocess.Popen(
        [contender.python, "-m", "tests.bench.hosts"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield HostProcess(process)
