"""Draw sign-ins, first sign-ins and refusals of each day as SVG, on the server.

Upwards from the line are those who came in, downwards those who did not, so that nothing depends on colour. What runs
across is in per cent and what stands upright in pixels: so the texts are as large on a phone as on a wide screen. There
is neither style nor script in it, which a strict Content-Security-Policy would refuse; :file:`overview.css` colours it,
and without that everything has the colour of the text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count

from django.utils.formats import date_format, number_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

HEIGHT = 236
"""Size of the chart in pixels."""
_TOP, _BOTTOM = 18, 196
"""Between these are the bars; above and below there is room for a number, and for the dates."""
_THICKNESS = 0.7
"""Width of a bar as a share of its day."""
_LEAST = 2.0
"""Least height in pixels of a bar that is not zero, so that one among a million is seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """The numbers of one day in UTC."""

    date: date
    sign_ins: int = 0
    first_sign_ins: int = 0
    """Of the sign-ins, those for which an account was created."""
    refusals: int = 0

    def as_json(self) -> dict[str, str | int]:
        """Return the day as values that JSON has."""
        return {
            "date": self.date.isoformat(),
            "sign_ins": self.sign_ins,
            "first_sign_ins": self.first_sign_ins,
            "refusals": self.refusals,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scale:
    """The scale from numbers to pixels, equal in both directions so that they can be compared."""

    up: int
    down: int

    @classmethod
    def for_days(cls, days: Sequence[Day]) -> _Scale:
        up = _round_up(max((day.sign_ins for day in days), default=0))
        refusals = max((day.refusals for day in days), default=0)
        return cls(up=up, down=_round_up(refusals) if refusals else 0)

    @property
    def pixels(self) -> float:
        return (_BOTTOM - _TOP) / (self.up + self.down)

    @property
    def line(self) -> float:
        """Return the height of the line for zero."""
        return _TOP + self.up * self.pixels

    def length(self, number: int) -> float:
        return max(number * self.pixels, _LEAST) if number else 0.0


def chart(days: Sequence[Day], *, identifier: str = "jitprov-chart") -> SafeString:
    """Draw the days, oldest first.

    :param identifier: what the ids in it begin with, where a page shows several.
    """
    scale = _Scale.for_days(days)
    return format_html(
        '<svg class="jitprov-chart" role="img" aria-labelledby="{0}-title {0}-desc" width="100%" height="{1}"'
        ' fill="currentColor" font-size="12"><title id="{0}-title">{2}</title><desc id="{0}-desc">{3}</desc>'
        "{4}{5}{6}</svg>",
        identifier,
        HEIGHT,
        _("Sign-ins and refusals per day"),
        description(days),
        _lines(scale),
        format_html_join("", "{}", ((bar,) for bar in _bars(days, scale))),
        _dates(days),
    )


def description(days: Sequence[Day]) -> str:
    """Return a sentence that says what the chart shows."""
    if not days:
        return _("There is nothing to show.")
    return _(
        "From %(first)s to %(last)s: %(sign_ins)s sign-ins, of which %(first_sign_ins)s were first sign-ins, and"
        " %(refusals)s refusals."
    ) % {
        "first": date_format(days[0].date),
        "last": date_format(days[-1].date),
        "sign_ins": _number(sum(day.sign_ins for day in days)),
        "first_sign_ins": _number(sum(day.first_sign_ins for day in days)),
        "refusals": _number(sum(day.refusals for day in days)),
    }


def _bars(days: Sequence[Day], scale: _Scale) -> Iterator[SafeString]:
    step = 100 / max(len(days), 1)
    for number, day in enumerate(days):
        left, width = (number + (1 - _THICKNESS) / 2) * step, step * _THICKNESS
        came, first = scale.length(day.sign_ins), scale.length(day.first_sign_ins)
        refused = scale.length(day.refusals)
        yield format_html(
            "<g><title>{}</title>{}{}{}</g>",
            _told(day),
            _bar("sign-ins", left, width, scale.line - came, came),
            _bar("first-sign-ins", left, width, scale.line - first, first),
            _bar("refusals", left, width, scale.line, refused),
        )


def _bar(name: str, left: float, width: float, top: float, height: float) -> SafeString:
    if not height:
        return SafeString("")
    # Not by the formats of a language: a comma is no decimal point here.
    place = [f"{value:.2f}" for value in (left, top, width, height)]
    opacity = "0.45" if name == "sign-ins" else "1"
    return format_html(
        '<rect class="jitprov-chart-{}" x="{}%" y="{}" width="{}%" height="{}" fill-opacity="{}"/>',
        name,
        *place,
        opacity,
    )


def _lines(scale: _Scale) -> SafeString:
    """Draw the line for zero, and one with its number at the end of each direction."""
    ends = [(_TOP, _TOP - 4, _number(scale.up))]
    if scale.down:
        ends.append((_BOTTOM, _BOTTOM + 13, _number(scale.down)))
    return format_html_join(
        "",
        '<line class="jitprov-chart-line" x1="0" x2="100%" y1="{0}" y2="{0}" stroke="currentColor"'
        ' stroke-opacity="0.3"/><text class="jitprov-chart-number" x="0" y="{1}">{2}</text>',
        [(f"{scale.line:.2f}", 0, ""), *ends],
    )


def _dates(days: Sequence[Day]) -> SafeString:
    """Draw the dates of the first and the last day."""
    if not days:
        return SafeString("")
    ends = [("0", "start", days[0])]
    if len(days) > 1:
        ends.append(("100%", "end", days[-1]))
    return format_html_join(
        "",
        '<text class="jitprov-chart-date" x="{}" y="{}" text-anchor="{}">{}</text>',
        (
            (x, HEIGHT - 6, anchor, date_format(day.date, "SHORT_DATE_FORMAT"))
            for x, anchor, day in ends
        ),
    )


def _told(day: Day) -> str:
    return _(
        "%(date)s: %(sign_ins)s sign-ins (%(first_sign_ins)s first), %(refusals)s refusals"
    ) % {
        "date": date_format(day.date),
        "sign_ins": _number(day.sign_ins),
        "first_sign_ins": _number(day.first_sign_ins),
        "refusals": _number(day.refusals),
    }


def _number(number: int) -> str:
    return number_format(number, force_grouping=True)


def _round_up(number: int) -> int:
    """Return the next of 1, 2, 5, 10, 20, 50 and so on.

    >>> [_round_up(number) for number in (0, 3, 10, 11, 1234567)]
    [1, 5, 10, 20, 2000000]
    """
    return next(
        step * magnitude
        for magnitude in map(_power_of_ten, count())
        for step in (1, 2, 5)
        if step * magnitude >= number
    )


def _power_of_ten(exponent: int) -> int:
    return int(10**exponent)
