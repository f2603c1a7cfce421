"""``python -m tests.bench [--quick] [--write]``: measure everything and print the tables."""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.bench import federation, page
from tests.bench.contenders import Contender
from tests.bench.databases import Postgresql, PostgresqlAbsent, Server, Sqlite
from tests.bench.directories import Directory
from tests.bench.environment import EnvironmentMissing, compared_version, prepare
from tests.bench.rounds import Plan, measure
from tests.bench.tables import goals, tables

FULL = Plan(rounds=12, returning=15, first=10, elsewhere=10, many=10_000)
QUICK = Plan(rounds=3, returning=5, first=5, elsewhere=5, many=1_000)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print, and write into the documentation if asked to."""
    options = _options(arguments)
    plan = QUICK if options.quick else FULL
    contenders = _contenders()
    with tempfile.TemporaryDirectory() as folder:
        servers = list(_servers(Path(folder)))
        block = "\n\n".join(_report(servers, contenders, plan, Path(folder)))
    sys.stdout.write(block + "\n")
    if options.write:
        page.write(block)


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute, and less certain")
    parser.add_argument(
        "--write", action="store_true", help="put the results into docs/explanation/performance.md"
    )
    return parser.parse_args(arguments)


def _report(
    servers: Sequence[Server], contenders: Sequence[Contender], plan: Plan, folder: Path
) -> Iterator[str]:
    names = ("django-allauth", "pysaml2") if Contender.ALLAUTH in contenders else ()
    yield page.machine(servers, [f"{name} {compared_version(name)}" for name in names])
    yield (
        f"{plan.rounds} rounds, in each of which every host signs in {plan.returning} returning,"
        f" {plan.first} new and {plan.elsewhere} returning people elsewhere. A response has"
        f" {Directory(0).response_size()} bytes of XML and 20 groups. Load of the machine when it"
        f" began: {os.getloadavg()[0]:.1f}."
    )
    for server in servers:
        results = measure(server, contenders, plan, _progress)
        yield from (table.markdown() for table in tables(results, plan))
        yield "\n".join(
            f"- {server.name}, a returning sign-in. {goal}" for goal in goals(results, plan)
        )
    rounds = 1 if plan is QUICK else 3
    yield from federation.report(servers, folder, entities=plan.many, rounds=rounds, say=_progress)


def _contenders() -> list[Contender]:
    try:
        _progress("django-allauth and pysaml2 in an environment of their own")
        prepare()
    except EnvironmentMissing as error:
        _progress(f"WITHOUT django-allauth and pysaml2, which could not be installed: {error}")
        return [Contender.ALONE, Contender.JITPROV]
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
