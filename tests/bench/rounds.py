"""Measuring: all hosts in turn, round after round, so that whatever else the machine does meets all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from statistics import mean

from tests.bench.contenders import Contender, HostProcess, running
from tests.bench.databases import Server
from tests.bench.directories import Directory, directories, person
from tests.bench.hosts.interface import Delivery, Measured

WARM_UP = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How much is measured."""

    rounds: int
    returning: int
    """Sign-ins in a round; likewise the next two."""
    first: int
    elsewhere: int
    many: int
    """Identity providers, where there are many."""


class Situation(Enum):
    """What is measured; the value is how tables call it."""

    RETURNING = "a returning person"
    FIRST = "a new person"
    ELSEWHERE = "a returning person, whose identity provider is new to the process"
    LEAVING = "leaving for the identity provider"


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of a table."""

    contender: Contender
    size: int
    """How many identity providers the host knows."""
    situation: Situation


@dataclass(frozen=True, slots=True)
class Sample:
    """Means over the sign-ins of one round, in milliseconds."""

    cpu: float
    elapsed: float


@dataclass(slots=True)
class Results:
    """All that was measured on one database."""

    server: str
    samples: dict[Case, list[Sample]] = field(default_factory=dict)
    """Item *n* of every list was measured in round *n*."""
    statements: dict[Case, Counter[str]] = field(default_factory=dict)
    memory: dict[tuple[Contender, int], int] = field(default_factory=dict)
    """Peak, bytes."""

    def add(self, case: Case, cpu: Sequence[float], elapsed: Sequence[float]) -> None:
        sample = Sample(mean(cpu) * 1000, mean(elapsed) * 1000)
        self.samples.setdefault(case, []).append(sample)


class Runner:
    """One host with so many identity providers, and who has been there."""

    def __init__(
        self, contender: Contender, plan: Plan, known: Sequence[Directory], size: int
    ) -> None:
        self.contender, self.size = contender, size
        self._plan, self._known = plan, known[:size]
        self._newcomers = iter(range(10_000, 1_000_000))
        self._guests = iter(range(1, len(self._known)))

    def prepare(self, process: HostProcess, everything: Sequence[Directory]) -> None:
        """Connect the directories, and let everybody come once who is to come back."""
        process.connect(everything[: self.size])
        self._sign_in(process, [(self._known[0], number) for number in self._people], new=True)
        visits = [(directory, number) for number, directory in enumerate(self._known[1:], 1000)]
        if visits:
            self._sign_in(process, visits, new=True)

    def warm_up(self, process: HostProcess) -> None:
        for _ in range(WARM_UP):
            self._sign_in(process, self._returning())
            self._sign_in(process, self._first(self._plan.first), new=True)

    def measure(self, process: HostProcess, results: Results) -> None:
        """Take one sample of each situation."""
        measured, leaving = self._sign_in(process, self._returning())
        self._keep(results, Situation.RETURNING, measured)
        results.add(self._case(Situation.LEAVING), leaving, leaving)
        measured, _ = self._sign_in(process, self._first(self._plan.first), new=True)
        self._keep(results, Situation.FIRST, measured)
        elsewhere = self._elsewhere()
        if elsewhere:
            measured, _ = self._sign_in(process, elsewhere)
            self._keep(results, Situation.ELSEWHERE, measured)

    def conclude(self, process: HostProcess, results: Results) -> None:
        """Ask for the peak of the memory, then count statements."""
        results.memory[self.contender, self.size] = process.memory()
        for situation, visits in (
            (Situation.RETURNING, self._returning()[:1]),
            (Situation.FIRST, self._first(1)),
        ):
            new = situation is Situation.FIRST
            measured, _ = self._sign_in(process, visits, new=new, count=True)
            results.statements[self._case(situation)] = Counter(measured["statements"])

    @property
    def _people(self) -> range:
        return range(self._plan.returning)

    def _returning(self) -> list[tuple[Directory, int]]:
        return [(self._known[0], number) for number in self._people]

    def _first(self, count: int) -> list[tuple[Directory, int]]:
        return [(self._known[0], next(self._newcomers)) for _ in range(count)]

    def _elsewhere(self) -> list[tuple[Directory, int]]:
        guests = islice(self._guests, self._plan.elsewhere)
        return [(self._known[number], 999 + number) for number in guests]

    def _sign_in(
        self,
        process: HostProcess,
        visits: Sequence[tuple[Directory, int]],
        *,
        new: bool = False,
        count: bool = False,
    ) -> tuple[Measured, list[float]]:
        urls, leaving = process.leave([directory.slug for directory, _ in visits])
        deliveries: list[Delivery] = [
            directory.answer(url, person(number))
            for (directory, number), url in zip(visits, urls, strict=True)
        ]
        measured = process.deliver(deliveries, new=len(visits) if new else 0, count=count)
        return measured, leaving

    def _keep(self, results: Results, situation: Situation, measured: Measured) -> None:
        results.add(self._case(situation), measured["cpu"], measured["elapsed"])

    def _case(self, situation: Situation) -> Case:
        return Case(self.contender, self.size, situation)


def measure(
    server: Server, contenders: Sequence[Contender], plan: Plan, say: Callable[[str], None]
) -> Results:
    """Measure all contenders on one kind of database."""
    results = Results(server=server.name)
    known = 1 + plan.rounds * plan.elsewhere
    everything = list(directories(plan.many, known=known))
    with ExitStack() as stack:
        hosts = []
        for contender in contenders:
            for size in (1, plan.many):
                say(f"{server.name}: {contender.label} with {size} identity providers")
                runner = Runner(contender, plan, everything[:known], size)
                hosts.append((runner, _start(server, runner, everything, stack)))
        for number, order in enumerate(_orders(hosts, plan.rounds), 1):
            say(f"{server.name}: round {number} of {plan.rounds}")
            for runner, process in order:
                runner.measure(process, results)
        for runner, process in hosts:
            runner.conclude(process, results)
    return results


def _start(
    server: Server, runner: Runner, everything: Sequence[Directory], stack: ExitStack
) -> HostProcess:
    """Return a host whose rows were written by an earlier process, so that its memory and caches are its own."""
    name = f"jitprov_bench_{runner.contender.value}_{runner.size}"
    database = stack.enter_context(server.database(name))
    with running(runner.contender, database) as earlier:
        runner.prepare(earlier, everything)
    process = stack.enter_context(running(runner.contender, database))
    runner.warm_up(process)
    return process


def _orders(
    hosts: Sequence[tuple[Runner, HostProcess]], rounds: int
) -> Iterator[list[tuple[Runner, HostProcess]]]:
    """Return the hosts once for each round, every time another one first."""
    for number in range(rounds):
        first = number % len(hosts)
        yield [*hosts[first:], *hosts[:first]]
