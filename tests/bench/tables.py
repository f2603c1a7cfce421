"""Turn measurements into tables: medians over the rounds, and ratios within one round."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tests.bench.contenders import Contender
from tests.bench.rounds import COUNTED, Case, Plan, Results, Sample, Situation
from tests.bench.steps import Step

FLOOR, JITPROV, ALLAUTH = Contender.FLOOR, Contender.JITPROV, Contender.ALLAUTH
SPEED_GOALS = {"SQLite": 2.4, "PostgreSQL": 2.1}
"""django-allauth's CPU for a returning sign-in, in multiples of ours."""
BEYOND_LOGIN_GOAL = 3.2
"""Likewise, without what ``login()`` costs."""
STATEMENTS_GOAL = 9
GROWTH_GOAL = 1.05
"""CPU of a sign-in with many identity providers, in multiples of that with one."""
IMPORT_GOAL = 0.5
"""CPU of an import, in multiples of what pysaml2 needs to read the same file."""
IMPORT_MEMORY_GOAL = 120
"""MB, whether ``DEBUG`` is on or off."""
OVERVIEW_GOAL = 0.25
"""Seconds of CPU."""


@dataclass(frozen=True, slots=True)
class Table:
    """A title and rows of text; the first row holds the heads."""

    title: str
    rows: tuple[tuple[str, ...], ...]

    def markdown(self) -> str:
        """Return the table as Markdown that is readable on a terminal too."""
        widths = [max(map(len, column)) for column in zip(*self.rows, strict=True)]
        lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in self.rows]
        ruler = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
        return "\n".join([f"**{self.title}**", "", lines[0], ruler, *lines[1:]])


@dataclass(frozen=True, slots=True)
class Ratio:
    """A quotient of two measurements: the median of the rounds, the least and the most."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, pairs: Iterable[tuple[float, float]]) -> Ratio:
        """Divide the first by the second in each round."""
        each = [more / less for more, less in pairs]
        return cls(median(each), min(each), max(each))

    def __str__(self) -> str:
        return f"{self.median:.2f} ({self.least:.2f} to {self.most:.2f})"


def verdict(met: bool) -> str:
    """Return the word that begins the sentence about a goal."""
    return "Met" if met else "Missed"


def tables(results: Results, plan: Plan) -> Iterator[Table]:
    """Yield all tables of one database."""
    yield _times(results, plan, "cpu", "CPU for each sign-in, ms")
    yield _times(results, plan, "elapsed", "Time for each sign-in, ms")
    yield Table(f"{results.server}: SQL statements", tuple(_statement_rows(results)))
    yield Table(f"{results.server}: peak memory of the process, MB", tuple(_memory_rows(results)))


def goals(results: Results, plan: Plan) -> Iterator[str]:
    """Yield a sentence about each goal: whether it is met, and the figure."""
    returning = Case(JITPROV, 1, Situation.RETURNING)
    if Case(ALLAUTH, 1, Situation.RETURNING) in results.samples:
        speed, goal = _against_allauth(results, returning).median, SPEED_GOALS[results.server]
        yield f"{verdict(speed >= goal)}: a returning sign-in takes django-allauth {speed:.2f} times the CPU; the goal is {goal}."
        beyond, goal = _beyond_login(results, returning).median, BEYOND_LOGIN_GOAL
        yield f"{verdict(beyond >= goal)}: beyond `login()` it takes {beyond:.2f} times the CPU; the goal is {goal}."
    statements = results.statements[returning].total()
    yield f"{verdict(statements <= STATEMENTS_GOAL)}: a returning sign-in takes {statements} SQL statements; the goal is {STATEMENTS_GOAL}."
    for situation in (Situation.RETURNING, Situation.FIRST, Situation.ELSEWHERE):
        growth = _growth(results, plan.many, situation).median
        yield (
            f"{verdict(growth <= GROWTH_GOAL)}: {growth:.2f} times the CPU with {plan.many} identity"
            f" providers, {situation.value}; the goal is {GROWTH_GOAL}."
        )


def steps_table(title: str, rows: Mapping[str, Sequence[Step]]) -> Table:
    """Return a table of steps, with the medians where one ran several times."""
    heads = ("", "CPU, s", "time, s", "peak memory, MB", "of it before, MB")
    return Table(title, (heads, *(_step_row(name, steps) for name, steps in rows.items())))


def _step_row(name: str, steps: Sequence[Step]) -> tuple[str, ...]:
    return (
        name,
        f"{median(step['cpu'] for step in steps):.2f}",
        f"{median(step['elapsed'] for step in steps):.2f}",
        f"{median(step['memory'] for step in steps) / 1e6:.0f}",
        f"{median(step['before'] for step in steps) / 1e6:.0f}",
    )


def _times(results: Results, plan: Plan, what: str, title: str) -> Table:
    contenders = _contenders(results)
    heads = ["identity providers", "who", *(one.label for one in contenders)]
    compared = ALLAUTH in contenders
    rows = [heads + (["allauth / jitprov", "beyond `login()`"] if compared else [])]
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
    has_floor = Case(FLOOR, case.size, case.situation) in results.samples
    return [against, str(_beyond_login(results, case, what)) if has_floor else ""]


def _median(results: Results, case: Case, what: str) -> str:
    return f"{median(_values(results, case, what)):.2f}" if case in results.samples else ""


def _against_allauth(results: Results, case: Case, what: str = "cpu") -> Ratio:
    ours, theirs = _columns(results, case, what, (JITPROV, ALLAUTH))
    return Ratio.of(zip(theirs, ours, strict=True))


def _beyond_login(results: Results, case: Case, what: str = "cpu") -> Ratio:
    """Compare what is left of both without the cost of ``login()`` in the same round."""
    rounds = zip(*_columns(results, case, what, (JITPROV, ALLAUTH, FLOOR)), strict=True)
    return Ratio.of((their - floor, our - floor) for our, their, floor in rounds)


def _growth(results: Results, many: int, situation: Situation) -> Ratio:
    """Compare many identity providers with one; for people elsewhere, with people at the only one."""
    at_one = Situation.RETURNING if situation is Situation.ELSEWHERE else situation
    many_values = _values(results, Case(JITPROV, many, situation), "cpu")
    one_values = _values(results, Case(JITPROV, 1, at_one), "cpu")
    return Ratio.of(zip(many_values, one_values, strict=True))


def _columns(
    results: Results, case: Case, what: str, contenders: Iterable[Contender]
) -> Iterator[list[float]]:
    return (
        _values(results, Case(contender, case.size, case.situation), what)
        for contender in contenders
    )


def _values(results: Results, case: Case, what: str) -> list[float]:
    samples: Sequence[Sample] = results.samples[case]
    return [getattr(sample, what) for sample in samples]


def _statement_rows(results: Results) -> Iterator[tuple[str, ...]]:
    contenders = _contenders(results)
    yield ("who", *(contender.label for contender in contenders))
    for situation in COUNTED:
        cases = [Case(contender, 1, situation) for contender in contenders]
        yield (situation.value, *(_statements(results.statements.get(case)) for case in cases))


def _statements(count: Counter[str] | None) -> str:
    if count is None:
        return ""
    return f"{count.total()}: " + ", ".join(f"{number} {verb}" for verb, number in count.items())


def _memory_rows(results: Results) -> Iterator[tuple[str, ...]]:
    contenders = _contenders(results)
    yield ("identity providers", *(contender.label for contender in contenders))
    for size in sorted({size for _, size in results.memory}):
        peaks = [f"{results.memory[contender, size] / 1e6:.0f}" for contender in contenders]
        yield (str(size), *peaks)


def _contenders(results: Results) -> list[Contender]:
    present = {contender for contender, _ in results.memory}
    return [contender for contender in Contender if contender in present]
