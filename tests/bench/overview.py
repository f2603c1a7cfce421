"""Measure the overview on the admin's index, with many identity providers and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from statistics import median

from tests.bench.contenders import Contender, variables
from tests.bench.databases import Server
from tests.bench.steps import Step, checked, run
from tests.bench.tables import OVERVIEW_GOAL, steps_table, verdict

EVENTS_EACH = 10


def report(
    servers: Sequence[Server], *, identity_providers: int, rounds: int, say: Callable[[str], None]
) -> Iterator[str]:
    """Yield a table, and a sentence about the goal on each database, as Markdown."""
    events = identity_providers * EVENTS_EACH
    opened = {}
    for server in servers:
        say(f"{server.name}: the overview with {events} events")
        opened[server.name] = _opened(server, identity_providers, rounds)
    title = f"The overview, {identity_providers} identity providers, {events} events"
    yield steps_table(title, opened).markdown()
    yield "\n".join(f"- {name}. {_goal(steps)}" for name, steps in opened.items())


def _opened(server: Server, identity_providers: int, rounds: int) -> list[Step]:
    with server.database("jitprov_bench_overview") as database:
        environment = variables(Contender.JITPROV, database)
        events = identity_providers * EVENTS_EACH
        made = run("make_events", identity_providers, events, **environment)
        checked(made, "events", events)
        return [checked(run("open_overview", **environment), "charts", 1) for _ in range(rounds)]


def _goal(steps: Sequence[Step]) -> str:
    cpu = median(step["cpu"] for step in steps)
    return f"{verdict(cpu <= OVERVIEW_GOAL)}: {cpu:.2f} s of CPU; the goal is {OVERVIEW_GOAL}."
