"""Tests of the factories: no test passes or fails by how many rows were made before it."""

from __future__ import annotations

from itertools import pairwise

from tests.support import factories
from tests.support.factories import numbered


def test_order_as_text_is_the_order_of_making() -> None:
    sequence = numbered("group-")
    names = [sequence.function(number) for number in (0, 8, 9, 10, 11, 99, 100, 99_999, 100_000)]
    assert all(first < second for first, second in pairwise(names))


def test_no_factory_numbers_in_a_way_of_its_own() -> None:
    with open(factories.__file__, encoding="utf-8") as source:
        assert source.read().count("Sequence(") == 1
