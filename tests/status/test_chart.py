from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import translation
from lxml import etree

from jitprov.status.chart import HEIGHT, Day, chart, description

FIRST = date(2026, 2, 9)
SVG = "{http://www.w3.org/2000/svg}"


def days(*numbers: tuple[int, int, int]) -> list[Day]:
    return [
        Day(
            date=FIRST + timedelta(days=number),
            sign_ins=came,
            first_sign_ins=first,
            refusals=refused,
        )
        for number, (came, first, refused) in enumerate(numbers)
    ]


def drawn(*numbers: tuple[int, int, int]) -> etree._Element:
    return etree.fromstring(chart(days(*numbers)))


def bars(svg: etree._Element, kind: str) -> list[dict[str, float]]:
    return [
        {name: float(str(bar.get(name)).rstrip("%")) for name in ("x", "y", "width", "height")}
        for bar in svg.iter("rect")
        if bar.get("class") == f"jitprov-chart-{kind}"
    ]


def texts(svg: etree._Element) -> list[str]:
    return [text.text or "" for text in svg.iter("text")]


def test_the_chart_is_a_picture_with_a_name_and_a_description() -> None:
    svg = drawn((3, 1, 2), (4, 0, 0))
    by_id = {element.get("id"): element for element in svg.iter() if element.get("id")}
    named = [by_id[name] for name in str(svg.get("aria-labelledby")).split()]

    assert svg.get("role") == "img"
    assert [element.tag for element in named] == ["title", "desc"]
    assert named[1].text == (
        "From Feb. 9, 2026 to Feb. 10, 2026: 7 sign-ins, of which 1 were first sign-ins, and 2 refusals."
    )


def test_the_chart_works_under_a_strict_content_security_policy() -> None:
    svg = drawn((3, 1, 2))

    assert not list(svg.iter("style", "script", "a", "image", "use", "foreignObject"))
    names = {str(name) for element in svg.iter() for name in element.attrib}
    assert not {name for name in names if name == "style" or name.startswith("on")}


def test_the_chart_fits_into_any_width() -> None:
    svg = drawn(*[(1, 1, 1)] * 30)

    assert svg.get("viewBox") is None
    assert svg.get("width") == "100%"
    for kind in ("sign-ins", "first-sign-ins", "refusals"):
        for bar in bars(svg, kind):
            assert 0 <= bar["x"] < bar["x"] + bar["width"] <= 100
            assert 0 <= bar["y"] < bar["y"] + bar["height"] <= HEIGHT


def test_sign_ins_are_above_the_line_and_refusals_below() -> None:
    svg = drawn((10, 5, 5))
    (came,), (first,), (refused,) = (
        bars(svg, kind) for kind in ("sign-ins", "first-sign-ins", "refusals")
    )

    line = refused["y"]
    assert came["y"] + came["height"] == pytest.approx(line, abs=0.02)
    assert first["y"] + first["height"] == pytest.approx(line, abs=0.02)
    assert first["height"] == pytest.approx(came["height"] / 2, abs=0.02)
    assert refused["height"] == pytest.approx(first["height"], abs=0.01)


def test_a_day_of_one_among_days_of_a_million_is_seen() -> None:
    svg = drawn((1_000_000, 0, 0), (1, 0, 1))

    assert min(bar["height"] for bar in bars(svg, "sign-ins")) >= 2
    assert len(bars(svg, "refusals")) == 1
    assert "1,000,000" in texts(svg)


def test_large_numbers_are_bounded_and_grouped() -> None:
    svg = drawn((987_654_321, 987_654_321, 123_456_789))

    assert {"1,000,000,000", "200,000,000"} <= set(texts(svg))
    assert max(bar["height"] for bar in bars(svg, "sign-ins")) <= HEIGHT


@pytest.mark.parametrize(
    "numbers",
    [
        pytest.param([], id="no days"),
        pytest.param([(0, 0, 0)], id="one day, nobody"),
        pytest.param([(0, 0, 0)] * 30, id="a month, nobody"),
    ],
)
def test_without_anybody_there_are_no_bars(numbers: list[tuple[int, int, int]]) -> None:
    svg = drawn(*numbers)

    assert not list(svg.iter("rect"))
    assert "1" in texts(svg)


def test_without_days_there_is_nothing_to_describe() -> None:
    assert description([]) == "There is nothing to show."


def test_only_refusals_have_a_scale_too() -> None:
    svg = drawn((0, 0, 7))

    assert {"1", "10"} <= set(texts(svg))


def test_each_day_says_its_numbers() -> None:
    svg = drawn((1234, 1, 2))

    titles = [title.text for group in svg.iter("g") for title in group.iter("title")]
    assert titles == ["Feb. 9, 2026: 1,234 sign-ins (1 first), 2 refusals"]


def test_a_language_that_writes_commas_changes_no_coordinate() -> None:
    with translation.override("de"):
        svg = drawn((1234, 1, 2))

    assert bars(svg, "sign-ins")[0]["x"] == pytest.approx(15)
    assert "2.000" in texts(svg)


def test_two_charts_on_a_page_have_ids_of_their_own() -> None:
    assert 'id="other-title"' in chart(days((1, 1, 1)), identifier="other")
