"""Ten thousand identity providers at once: reading their aggregate beside pysaml2, and importing it twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import cast

from tests.bench.databases import Server, Settings
from tests.bench.environment import PYTHON, ROOT, is_ready
from tests.bench.federation_steps import Step
from tests.bench.tables import Ratio, Table
from tests.support.bench_data import Federation

READING_GOAL = 10.0
MEMORY_GOAL = 150
"""MB for an import."""


class StepFailed(Exception):
    """A step did not do what it was measured for."""


@dataclass(frozen=True, slots=True)
class Files:
    """An aggregate and the map that imports all of it."""

    aggregate: Path
    rows: Path
    entities: int

    @classmethod
    def written(cls, folder: Path, entities: int) -> Files:
        federation = Federation(entities=entities)
        return cls(
            federation.write(folder / "aggregate.xml"),
            federation.write_map(folder / "map.csv"),
            entities,
        )

    def step(self, name: str, *, python: str | Path = sys.executable, **variables: str) -> Step:
        """Run one step in a process of its own."""
        done = subprocess.run(
            [python, "-m", "tests.bench.federation_steps", name, self.aggregate, self.rows],
            cwd=ROOT,
            env={**os.environ, **variables},
            stdout=subprocess.PIPE,
            check=True,
        )
        return cast(Step, json.loads(done.stdout))


def report(
    servers: Sequence[Server],
    folder: Path,
    *,
    entities: int,
    rounds: int,
    say: Callable[[str], None],
) -> Iterator[str]:
    """Yield tables and what became of the goals, as Markdown."""
    say(f"an aggregate of {entities} identity providers")
    files = Files.written(folder, entities)
    size = files.aggregate.stat().st_size / 1e6
    yield f"An aggregate of {entities} identity providers has {size:.0f} MB."
    say("reading it")
    yield from _reading(files, rounds)
    for server in servers:
        say(f"{server.name}: importing it twice")
        yield from _importing(files, server)


def _reading(files: Files, rounds: int) -> Iterator[str]:
    ours, theirs = [], []
    for _ in range(rounds):
        ours.append(_checked(files.step("read_with_jitprov"), "read", files.entities))
        if is_ready():
            step = files.step("read_with_pysaml2", python=PYTHON)
            theirs.append(_checked(step, "read", files.entities))
    rows = [_row("jitprov", ours), *([_row("pysaml2", theirs)] if theirs else [])]
    yield Table("Reading an aggregate", (_HEADS, *rows)).markdown()
    if theirs:
        pairs = zip(theirs, ours, strict=True)
        speed = Ratio.of((their["cpu"], our["cpu"]) for their, our in pairs)
        verdict = "Met" if speed.median >= READING_GOAL else "Missed"
        yield f"- {verdict}: {speed} times pysaml2's speed; the goal is {READING_GOAL:.0f}."


def _importing(files: Files, server: Server) -> Iterator[str]:
    with server.database("jitprov_bench_federation") as database:
        variables = _django(database)
        files.step("make_tenants", **variables)
        first = _checked(files.step("import_all", **variables), "added", files.entities)
        again = _checked(files.step("import_all", **variables), "unchanged", files.entities)
    title = f"{server.name}: import_idp_metadata --map"
    rows = (_HEADS, _row("all are added", [first]), _row("all are unchanged", [again]))
    yield Table(title, rows).markdown()
    most = max(first["memory"], again["memory"]) / 1e6
    verdict = "Met" if most < MEMORY_GOAL else "Missed"
    yield f"- {verdict}: an import takes {most:.0f} MB of memory; the goal is {MEMORY_GOAL}."


_HEADS = ("", "CPU, s", "time, s", "peak memory, MB", "of it before, MB")


def _row(name: str, steps: Sequence[Step]) -> tuple[str, ...]:
    return (
        name,
        f"{median(step['cpu'] for step in steps):.2f}",
        f"{median(step['elapsed'] for step in steps):.2f}",
        f"{median(step['memory'] for step in steps) / 1e6:.0f}",
        f"{median(step['before'] for step in steps) / 1e6:.0f}",
    )


def _checked(step: Step, what: str, count: int) -> Step:
    if step["outcome"][what] != count:
        raise StepFailed(f"{step['outcome']}, not {count} {what}")
    return step


def _django(database: Settings) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "tests.bench.hosts.with_jitprov.settings",
        "BENCH_DATABASE": json.dumps(database),
    }
