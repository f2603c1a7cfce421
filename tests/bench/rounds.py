"""Measure all hosts in turn, round after round, so that a busy machine slows all of them alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from enum import Enum
from itertools import islice
from statistics import mean

from tests.bench.contenders import Contender, HostProcess, running
from tests.bench.databases import Server
from tests.bench.directories import Directory, directories, person
from tests.bench.hosts.interface import Cost, Left, Measured

WARM_UP = 3


class Situation(Enum):
    """A kind of request that is measured; the value is its name in tables."""

    RETURNING = "a returning person"
    FIRST = "a new person"
    ELSEWHERE = "a returning person, whose identity provider is new to the process"
    REFUSED = "somebody whose response was signed by another key"
    LEAVING = "leaving for the identity provider"


COUNTED = (Situation.RETURNING, Situation.FIRST, Situation.REFUSED)
"""Statements are counted in these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The numbers of a run."""

    rounds: int
    visits: Mapping[Situation, int]
    """In one round, at each host."""
    many: int
    """Identity providers, where there are many."""


@dataclass(frozen=True, slots=True)
class Case:
    """One cell of a table."""

    contender: Contender
    size: int
    """The number of identity providers that the host knows."""
    situation: Situation


@dataclass(frozen=True, slots=True)
class Sample:
    """Means over the visits of one round, in milliseconds."""

    cpu: float
    elapsed: float


@dataclass(slots=True)
class Results:
    """The measurements on one database."""

    server: str
    samples: dict[Case, list[Sample]] = field(default_factory=dict)
    """Item *n* of every list was measured in round *n*."""
    statements: dict[Case, Counter[str]] = field(default_factory=dict)
    memory: dict[tuple[Contender, int], int] = field(default_factory=dict)
    """Peak, bytes."""

    def add(self, case: Case, cost: Cost) -> None:
        sample = Sample(mean(cost["cpu"]) * 1000, mean(cost["elapsed"]) * 1000)
        self.samples.setdefault(case, []).append(sample)


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who signs in."""

    directory: Directory
    person: int
    forged: bool = False


class Runner:
    """One host with so many identity providers, and the people who come to it."""

    def __init__(
        self, contender: Contender, plan: Plan, known: Sequence[Directory], size: int
    ) -> None:
        self.contender, self.size = contender, size
        self._plan, self._known = plan, known[:size]
        self._newcomers = iter(range(10_000, 1_000_000))
        self._guests = iter(range(1, len(self._known)))

    def prepare(self, process: HostProcess, everything: Sequence[Directory]) -> None:
        """Connect the directories, and let everybody sign in once who is to return."""
        process.connect(everything[: self.size])
        home = self._visits(Situation.RETURNING, self._plan.visits[Situation.RETURNING])
        self._sign_in(process, home, new=True)
        self._sign_in(process, list(map(self._guest, range(1, len(self._known)))), new=True)

    def warm_up(self, process: HostProcess) -> None:
        for _ in range(WARM_UP):
            for situation in self._possible(COUNTED):
                self._visit(process, situation, self._plan.visits[situation])

    def measure(self, process: HostProcess, results: Results) -> None:
        """Take one sample of each situation."""
        for situation in self._possible(self._plan.visits):
            measured, left = self._visit(process, situation, self._plan.visits[situation])
            if measured["cpu"]:
                results.add(self._case(situation), measured)
            if situation is Situation.RETURNING and self.contender.has_saml:
                results.add(self._case(Situation.LEAVING), left)

    def conclude(self, process: HostProcess, results: Results) -> None:
        """Ask for the peak of the memory, then count statements."""
        results.memory[self.contender, self.size] = process.memory()
        for situation in self._possible(COUNTED):
            measured, _ = self._visit(process, situation, 1, count=True)
            results.statements[self._case(situation)] = Counter(measured["statements"])

    def _possible(self, situations: Iterable[Situation]) -> list[Situation]:
        """Leave out refusals where there is nothing to refuse."""
        return [
            one for one in situations if self.contender.has_saml or one is not Situation.REFUSED
        ]

    def _visit(
        self, process: HostProcess, situation: Situation, number: int, *, count: bool = False
    ) -> tuple[Measured, Left]:
        visits = self._visits(situation, number)
        return self._sign_in(process, visits, new=situation is Situation.FIRST, count=count)

    def _visits(self, situation: Situation, number: int) -> list[Visit]:
        home = self._known[0]
        if situation is Situation.FIRST:
            return [Visit(home, newcomer) for newcomer in islice(self._newcomers, number)]
        if situation is Situation.ELSEWHERE:
            return [self._guest(guest) for guest in islice(self._guests, number)]
        forged = situation is Situation.REFUSED
        return [Visit(home, person, forged) for person in range(number)]

    def _guest(self, number: int) -> Visit:
        return Visit(self._known[number], 1000 + number)

    def _sign_in(
        self,
        process: HostProcess,
        visits: Sequence[Visit],
        *,
        new: bool = False,
        count: bool = False,
    ) -> tuple[Measured, Left]:
        left = process.leave([visit.directory.slug for visit in visits])
        deliveries = [
            visit.directory.answer(url, person(visit.person), forged=visit.forged)
            for visit, url in zip(visits, left["urls"], strict=True)
        ]
        measured = process.deliver(deliveries, new=len(visits) if new else 0, count=count)
        return measured, left

    def _case(self, situation: Situation) -> Case:
        return Case(self.contender, self.size, situation)


def measure(
    server: Server, contenders: Sequence[Contender], plan: Plan, say: Callable[[str], None]
) -> Results:
    """Measure all contenders on one database server."""
    results = Results(server=server.name)
    known = 1 + plan.rounds * plan.visits[Situation.ELSEWHERE]
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
    """Start a host on rows that an earlier process wrote, so that its memory and its caches hold only sign-ins."""
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
    """Yield all hosts for each round, every time with another one first."""
    for number in range(rounds):
        first = number % len(hosts)
        yield [*hosts[first:], *hosts[:first]]
