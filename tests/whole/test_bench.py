"""The parts of ``make bench`` work together. No test looks at how long anything took."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench import federation, page
from tests.bench.contenders import Contender
from tests.bench.databases import Sqlite
from tests.bench.environment import is_ready
from tests.bench.rounds import Case, Plan, Results, Situation, measure
from tests.bench.tables import Ratio, Table, goals, tables

TWICE = Plan(rounds=2, returning=1, first=1, elsewhere=1, many=3)
OURS = [Contender.ALONE, Contender.JITPROV]


def measured(contenders: Sequence[Contender], folder: Path) -> Results:
    return measure(Sqlite(folder), contenders, TWICE, lambda _: None)


def test_every_host_is_measured_and_is_in_every_table(tmp_path: Path) -> None:
    results = measured(OURS, tmp_path)
    assert {case.contender for case in results.samples} == set(OURS)
    assert results.statements[Case(Contender.JITPROV, 3, Situation.RETURNING)].total() <= 8
    for table in tables(results, TWICE):
        assert {one.label for one in OURS} <= set(table.rows[0])
    assert len(list(goals(results, TWICE))) == 4


@pytest.mark.skipif(not is_ready(), reason="`make bench` has not made django-allauth's environment")
def test_django_allauth_is_measured_and_compared(tmp_path: Path) -> None:
    results = measured(list(Contender), tmp_path)
    times = next(tables(results, TWICE))
    assert "allauth / jitprov" in times.rows[0]
    assert len(list(goals(results, TWICE))) == 5


def test_a_federation_is_read_and_imported_twice(tmp_path: Path) -> None:
    told = federation.report([Sqlite(tmp_path)], tmp_path, entities=3, rounds=1, say=lambda _: None)
    assert "import_idp_metadata --map" in "\n".join(told)


def test_ratios_are_computed_round_by_round() -> None:
    assert Ratio.of([(2, 1), (9, 3), (40, 10)]) == Ratio(3, 2, 4)


def test_tables_are_markdown_with_aligned_columns() -> None:
    assert Table("T", (("a", "b"), ("long", "1"))).markdown().splitlines() == [
        "**T**",
        "",
        "| a    | b |",
        "|------|---|",
        "| long | 1 |",
    ]


def test_only_the_marked_block_of_the_page_is_replaced(tmp_path: Path) -> None:
    performance = tmp_path / "performance.md"
    performance.write_text(f"before\n{page.BEGIN}\n\nold\n\n{page.END}\nafter\n", "utf-8")
    page.write("new", performance)
    assert performance.read_text("utf-8") == (f"before\n{page.BEGIN}\n\nnew\n\n{page.END}\nafter\n")
