"""The parts of ``make bench`` work together. No test looks at how long anything took."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.bench import federation, overview, page, start_up
from tests.bench.__main__ import main
from tests.bench.contenders import Contender, HostFailed, running
from tests.bench.databases import Sqlite
from tests.bench.directories import Directory, person
from tests.bench.environment import is_ready
from tests.bench.rounds import Case, Plan, Results, Situation, measure
from tests.bench.tables import Ratio, Table, goals, tables

VISITED = (Situation.RETURNING, Situation.FIRST, Situation.ELSEWHERE, Situation.REFUSED)
TWICE = Plan(rounds=2, visits=dict.fromkeys(VISITED, 1), many=3)
OURS = [Contender.FLOOR, Contender.JITPROV]


def nothing(_: str) -> None:
    """Print no progress."""


def measured(contenders: Sequence[Contender], folder: Path) -> Results:
    return measure(Sqlite(folder), contenders, TWICE, nothing)


def test_every_host_is_measured_and_is_in_every_table(tmp_path: Path) -> None:
    results = measured(OURS, tmp_path)
    assert {case.contender for case in results.samples} == set(OURS)
    assert results.statements[Case(Contender.JITPROV, 3, Situation.RETURNING)].total() <= 9
    assert Case(Contender.JITPROV, 3, Situation.REFUSED) in results.samples
    for table in tables(results, TWICE):
        assert {one.label for one in OURS} <= set(table.rows[0])
    assert len(list(goals(results, TWICE))) == 4


@pytest.mark.skipif(not is_ready(), reason="`make bench` has not made django-allauth's environment")
def test_django_allauth_is_measured_and_compared(tmp_path: Path) -> None:
    results = measured(list(Contender), tmp_path)
    times = next(tables(results, TWICE))
    assert times.rows[0][-2:] == ("allauth / jitprov", "beyond `login()`")
    refused = next(row for row in times.rows if row[1] == Situation.REFUSED.value)
    assert (refused[2], refused[-1]) == ("", "")
    assert len(list(goals(results, TWICE))) == 6


def test_a_federation_is_read_and_imported_with_debug_off_and_on(tmp_path: Path) -> None:
    told = "\n".join(
        federation.report([Sqlite(tmp_path)], tmp_path, entities=3, rounds=1, say=nothing)
    )
    for row in ("all are added ", "all are unchanged ", "all are added, `DEBUG` is on "):
        assert f"| {row}" in told


def test_the_overview_is_opened_on_each_database(tmp_path: Path) -> None:
    told = overview.report([Sqlite(tmp_path)], identity_providers=2, rounds=1, say=nothing)
    assert "The overview, 2 identity providers, 20 events" in "\n".join(told)


def test_start_up_is_measured(tmp_path: Path) -> None:
    assert "jitprov_status" in "\n".join(start_up.report(Sqlite(tmp_path), starts=1, say=nothing))


def test_a_part_is_never_written_in_place_of_all(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "overview", "--write"])
    assert "needs all" in capsys.readouterr().err


@pytest.mark.parametrize("forged", [True, False])
def test_a_host_fails_when_a_delivery_does_not_end_as_it_must(tmp_path: Path, forged: bool) -> None:
    directory, somebody = Directory(0), person(1)
    with (
        Sqlite(tmp_path).database("outcome") as database,
        running(Contender.JITPROV, database) as host,
    ):
        host.connect([directory])
        [url] = host.leave([directory.slug])["urls"]
        delivery = directory.answer(url, somebody, forged=forged)
        delivery["external_id"] = somebody.object_id if forged else None
        with pytest.raises(HostFailed):
            host.deliver([delivery])


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
