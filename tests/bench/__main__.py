"""Run ``python -m tests.bench``: measure, print the tables, and write them into the documentation if asked to."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import federation, overview, page, start_up
from tests.bench.contenders import Contender
from tests.bench.databases import Postgresql, PostgresqlAbsent, Server, Sqlite
from tests.bench.directories import Directory
from tests.bench.environment import EnvironmentMissing, compared_version, prepare
from tests.bench.rounds import Plan, Situation, measure
from tests.bench.tables import goals, tables

FULL = Plan(
    rounds=12,
    # Few enough refusals that all of them are kept: past UNVERIFIED_EVENTS_KEPT each also deletes one.
    visits={
        Situation.RETURNING: 15,
        Situation.FIRST: 10,
        Situation.ELSEWHERE: 10,
        Situation.REFUSED: 5,
    },
    many=10_000,
)
QUICK = Plan(rounds=3, visits=dict.fromkeys(FULL.visits, 5), many=1_000)
STARTS = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """The databases and hosts that are there, and the plan."""

    servers: Sequence[Server]
    contenders: Sequence[Contender]
    plan: Plan
    folder: Path

    @property
    def repeats(self) -> int:
        """How often a step is repeated."""
        return 1 if self.plan is QUICK else 3


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write into the documentation if asked to."""
    options = _options(arguments)
    parts = [options.only] if options.only else list(PARTS)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(
            servers=list(_servers(Path(folder))),
            contenders=_contenders(),
            plan=QUICK if options.quick else FULL,
            folder=Path(folder),
        )
        block = "\n\n".join(_report(run, parts))
    sys.stdout.write(block + "\n")
    if options.write:
        page.write(block)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two minutes, and less certain")
    parser.add_argument("--only", choices=PARTS, help="measure one part")
    parser.add_argument(
        "--write", action="store_true", help="put the results into docs/explanation/performance.md"
    )
    options = parser.parse_args(arguments)
    if options.write and options.only:
        parser.error("--write replaces all parts, so it needs all")
    return options


def _report(run: Run, parts: Sequence[str]) -> Iterator[str]:
    names = ("django-allauth", "pysaml2") if Contender.ALLAUTH in run.contenders else ()
    yield page.machine(run.servers, [f"{name} {compared_version(name)}" for name in names])
    yield f"Load of the machine when it began: {os.getloadavg()[0]:.1f}."
    for part in parts:
        yield from PARTS[part](run)


def _sign_ins(run: Run) -> Iterator[str]:
    visits = ", ".join(f"{count} times {one.value}" for one, count in run.plan.visits.items())
    yield (
        f"In each of {run.plan.rounds} rounds every host meets: {visits}. A response has"
        f" {Directory(0).response_size()} bytes of XML and 20 groups."
    )
    for server in run.servers:
        results = measure(server, run.contenders, run.plan, _progress)
        yield from (table.markdown() for table in tables(results, run.plan))
        yield "\n".join(f"- {server.name}. {goal}" for goal in goals(results, run.plan))


def _federation(run: Run) -> Iterator[str]:
    return federation.report(
        run.servers, run.folder, entities=run.plan.many, rounds=run.repeats, say=_progress
    )


def _overview(run: Run) -> Iterator[str]:
    return overview.report(
        run.servers, identity_providers=run.plan.many, rounds=run.repeats, say=_progress
    )


def _start_up(run: Run) -> Iterator[str]:
    return start_up.report(run.servers[0], starts=STARTS, say=_progress)


PARTS: dict[str, Callable[[Run], Iterator[str]]] = {
    "sign-ins": _sign_ins,
    "federation": _federation,
    "overview": _overview,
    "start-up": _start_up,
}


def _contenders() -> list[Contender]:
    try:
        _progress("django-allauth and pysaml2 in an environment of their own")
        prepare()
    except EnvironmentMissing as error:
        _progress(f"WITHOUT django-allauth and pysaml2, which could not be installed: {error}")
        return [Contender.FLOOR, Contender.JITPROV]
    return list(Contender)


def _servers(folder: Path) -> Iterator[Server]:
    yield Sqlite(folder)
    try:
        yield Postgresql()
    except PostgresqlAbsent as error:
        _progress(f"WITHOUT PostgreSQL: {error}")


def _progress(text: str) -> None:
    sys.stderr.write(f"bench: {text}\n")


if __name__ == "__main__":
    main()
