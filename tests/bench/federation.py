"""Measure ten thousand identity providers at once: read their aggregate beside pysaml2, and import it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from tests.bench.contenders import Contender, variables
from tests.bench.databases import Server
from tests.bench.environment import PYTHON, is_ready
from tests.bench.steps import Step, checked, run
from tests.bench.tables import IMPORT_GOAL, IMPORT_MEMORY_GOAL, steps_table, verdict
from tests.support.bench_data import Federation


@dataclass(frozen=True, slots=True)
class Files:
    """An aggregate, and the map that imports all of it."""

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


def report(
    servers: Sequence[Server],
    folder: Path,
    *,
    entities: int,
    rounds: int,
    say: Callable[[str], None],
) -> Iterator[str]:
    """Yield tables, and a sentence about each goal, as Markdown."""
    say(f"an aggregate of {entities} identity providers")
    files = Files.written(folder, entities)
    size = files.aggregate.stat().st_size / 1e6
    yield f"An aggregate of {entities} identity providers has {size:.0f} MB."
    say("reading it")
    read = _read(files, rounds)
    yield steps_table("Reading an aggregate", read).markdown()
    for server in servers:
        say(f"{server.name}: importing it twice, and once with DEBUG on")
        imported = _imported(files, server)
        yield steps_table(f"{server.name}: `import_idp_metadata --map`", imported).markdown()
        yield "\n".join(f"- {goal}" for goal in _goals(imported, read.get("pysaml2")))


def _read(files: Files, rounds: int) -> dict[str, list[Step]]:
    interpreters = {"jitprov": sys.executable}
    if is_ready():
        interpreters["pysaml2"] = str(PYTHON)
    steps: dict[str, list[Step]] = {name: [] for name in interpreters}
    for _ in range(rounds):
        for name, python in interpreters.items():
            step = run(f"read_with_{name}", files.aggregate, python=python)
            steps[name].append(checked(step, "read", files.entities))
    return steps


def _imported(files: Files, server: Server) -> dict[str, list[Step]]:
    with _tenants(files, server) as environment:
        added = _import(files, "added", environment)
        unchanged = _import(files, "unchanged", environment)
    with _tenants(files, server) as environment:
        debugged = _import(files, "added", {**environment, "BENCH_DEBUG": "on"})
    return {
        "all are added": [added],
        "all are unchanged": [unchanged],
        "all are added, `DEBUG` is on": [debugged],
    }


@contextmanager
def _tenants(files: Files, server: Server) -> Iterator[dict[str, str]]:
    with server.database("jitprov_bench_federation") as database:
        environment = variables(Contender.JITPROV, database)
        run("make_tenants", files.rows, **environment)
        yield environment


def _import(files: Files, what: str, environment: Mapping[str, str]) -> Step:
    step = run("import_all", files.aggregate, files.rows, **environment)
    return checked(step, what, files.entities)


def _goals(imported: Mapping[str, list[Step]], pysaml2: list[Step] | None) -> Iterator[str]:
    if pysaml2:
        [added] = imported["all are added"]
        share = added["cpu"] / median(step["cpu"] for step in pysaml2)
        yield (
            f"{verdict(share <= IMPORT_GOAL)}: an import takes {share:.2f} times the CPU that pysaml2"
            f" takes to read the file; the goal is {IMPORT_GOAL}."
        )
    most = max(step["memory"] for steps in imported.values() for step in steps) / 1e6
    yield (
        f"{verdict(most < IMPORT_MEMORY_GOAL)}: an import takes {most:.0f} MB of memory at most; the"
        f" goal is {IMPORT_MEMORY_GOAL}."
    )
