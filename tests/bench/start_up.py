"""Measure how long ``manage.py jitprov_status`` takes when there is nothing to tell."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from statistics import median

from tests.bench.contenders import Contender, variables
from tests.bench.databases import Server
from tests.bench.environment import ROOT
from tests.bench.tables import Table


def report(server: Server, *, starts: int, say: Callable[[str], None]) -> Iterator[str]:
    """Yield a table as Markdown."""
    say(f"{server.name}: starting jitprov_status {starts} times")
    with server.database("jitprov_bench_start_up") as database:
        environment = variables(Contender.JITPROV, database)
        _manage("migrate", environment)
        seconds = [_manage("jitprov_status", environment) for _ in range(starts)]
    rows = (
        ("", "least CPU, s", "median CPU, s"),
        ("`jitprov_status`", f"{min(seconds):.2f}", f"{median(seconds):.2f}"),
    )
    yield Table(f"Start-up on an empty database, {starts} processes", rows).markdown()


def _manage(command: str, environment: Mapping[str, str]) -> float:
    """Run a management command, and return the CPU seconds of its process."""
    before = _cpu_of_children()
    subprocess.run(
        [sys.executable, "-m", "django", command],
        cwd=ROOT,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return _cpu_of_children() - before


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
