"""From measurements to tables: medians over the rounds, and ratios of what was measured in the same round."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.contenders import Contender
from tests.bench.rounds import Case, Plan, Results, Sample, Situation

ALONE, JITPROV, ALLAUTH = Contender.ALONE, Contender.JITPROV, Contender.ALLAUTH
SPEED_GOAL = 3.0
STATEMENTS_GOAL = 8
GROWTH_GOAL = 1.1


@dataclass(frozen=True, slots=True)
class Table:
    """A title and rows of text, the first of them the heads."""

    title: str
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return it as Markdown that is also readable on a terminal."""
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in self.rows]
        ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
        return "\n".join([f"**{self.title}**", "", lines[0], ruler, *lines[1:]])


@dataclass(frozen=True, slots=True)
class Ratio:
    """How many times as much: the median of the rounds, the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Ratio:
        """Compare round by round."""
        each = [more / less for more, less in pairs]
        return cls(median(each), min(each), max(each))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


def tables(results: Results, plan: Plan) -> Iterator[Table]:
    """Return all tables of one database."""
    yield _times(results, plan, "cpu", "CPU for each sign-in, ms")
    yield _times(results, plan, "elapsed", "Time for each sign-in, ms")
    yield Table(f"{results.server}: SQL statements", tuple(_statement_rows(results)))
    yield Table(f"{results.server}: peak memory of the process, MB", tuple(_memory_rows(results)))


def goals(results: Results, plan: Plan) -> Iterator[str]:
    """Say of each goal whether it is met, and by how much it is not."""
    returning = Case(JITPROV, 1, Situation.RETURNING)
    if Case(ALLAUTH, 1, Situation.RETURNING) in results.samples:
        speed = _against_allauth(results, returning).median
        more = _beyond_django(results, returning).median
        yield (
            f"{_verdict(speed >= SPEED_GOAL)} {speed:.2f} times django-allauth's speed; the goal is"
            f" {SPEED_GOAL:.0f}. Of what comes on top of Django's own work, {more:.2f} times."
        )
    statements = results.statements[returning].total()
    yield f"{_verdict(statements <= STATEMENTS_GOAL)} {statements} SQL statements; the goal is {STATEMENTS_GOAL}."
    for situation in (Situation.RETURNING, Situation.FIRST, Situation.ELSEWHERE):
        growth = _growth(results, plan.many, situation).median
        yield (
            f"{_verdict(growth <= GROWTH_GOAL)} {growth:.2f} times the CPU at {plan.many} identity"
            f" providers: {situation.value}; the goal is {GROWTH_GOAL}."
        )


def _verdict(met: bool) -> str:
    return "Met:" if met else "Missed:"


def _times(results: Results, plan: Plan, what: str, title: str) -> Table:
    contenders = _contenders(results)
    heads = ["identity providers", "who", *(one.label for one in contenders)]
    compared = ALLAUTH in contenders
    rows = [heads + (["allauth / jitprov", "beyond Django"] if compared else [])]
    for situation in Situation:
        for size in (1, plan.many):
            case = Case(JITPROV, size, situation)
            if case not in results.samples:
                continue
            medians = [_median(results, Case(one, size, situation), what) for one in contenders]
            row = [str(size), situation.value, *medians]
            rows.append(row + (_comparison(results, case, what) if compared else []))
    return Table(f"{results.server}: {title}", tuple(map(tuple, rows)))


def _comparison(results: Results, case: Case, what: str) -> list[str]:
    against = str(_against_allauth(results, case, what))
    if case.situation is Situation.LEAVING:
        return [against, ""]
    return [against, str(_beyond_django(results, case, what))]


def _median(results: Results, case: Case, what: str) -> str:
    if case.situation is Situation.LEAVING and case.contender is ALONE:
        return ""  # it asks nobody
    return f"{median(_values(results, case, what)):.2f}"


def _against_allauth(results: Results, case: Case, what: str = "cpu") -> Ratio:
    ours, theirs, _ = _columns(results, case, what)
    return Ratio.of(zip(theirs, ours, strict=True))


def _beyond_django(results: Results, case: Case, what: str = "cpu") -> Ratio:
    """Compare what is left of both when Django's own work in the same round is taken away."""
    ours, theirs, django = _columns(results, case, what)
    rounds = zip(ours, theirs, django, strict=True)
    return Ratio.of((their - base, our - base) for our, their, base in rounds)


def _growth(results: Results, many: int, situation: Situation) -> Ratio:
    """Compare many identity providers with one. A person elsewhere is still a returning one."""
    at_one = Situation.RETURNING if situation is Situation.ELSEWHERE else situation
    many_values = _values(results, Case(JITPROV, many, situation), "cpu")
    one_values = _values(results, Case(JITPROV, 1, at_one), "cpu")
    return Ratio.of(zip(many_values, one_values, strict=True))


def _columns(results: Results, case: Case, what: str) -> list[list[float]]:
    return [
        _values(results, Case(contender, case.size, case.situation), what)
        for contender in (JITPROV, ALLAUTH, ALONE)
    ]


def _values(results: Results, case: Case, what: str) -> list[float]:
    samples: Sequence[Sample] = results.samples[case]
    return [getattr(sample, what) for sample in samples]


def _statement_rows(results: Results) -> Iterator[tuple[str, ...]]:
    contenders = _contenders(results)
    yield ("who", *(contender.label for contender in contenders))
    for situation in (Situation.RETURNING, Situation.FIRST):
        counts = [results.statements[Case(contender, 1, situation)] for contender in contenders]
        shown = [
            f"{count.total()}: " + ", ".join(f"{number} {verb}" for verb, number in count.items())
            for count in counts
        ]
        yield (situation.value, *shown)


def _memory_rows(results: Results) -> Iterator[tuple[str, ...]]:
    contenders = _contenders(results)
    yield ("identity providers", *(contender.label for contender in contenders))
    for size in sorted({size for _, size in results.memory}):
        peaks = [f"{results.memory[contender, size] / 1e6:.0f}" for contender in contenders]
        yield (str(size), *peaks)


def _contenders(results: Results) -> list[Contender]:
    present = {contender for contender, _ in results.memory}
    return [contender for contender in Contender if contender in present]
