"""The values that transforms work on are bounded, and blank ones are dropped."""

from __future__ import annotations

import pytest

from jitprov.provisioning.transform_spec import (
    MAX_TOTAL_LENGTH,
    MAX_VALUE_LENGTH,
    MAX_VALUES,
    ValueRefused,
    acceptable,
)


def test_blank_values_are_dropped() -> None:
    assert acceptable(("a", " ", "", "b ")) == ("a", "b ")


@pytest.mark.parametrize(
    ("values", "problem"),
    [
        pytest.param(("a",) * (MAX_VALUES + 1), "more than 1000 values", id="too many"),
        pytest.param(("a" * (MAX_VALUE_LENGTH + 1),), "more than 4096", id="too long"),
        pytest.param(
            ("a" * MAX_VALUE_LENGTH,) * (MAX_TOTAL_LENGTH // MAX_VALUE_LENGTH + 1),
            "characters together",
            id="too much altogether",
        ),
        pytest.param(("a\x00b",), "cannot be stored", id="a null character"),
        pytest.param(("a\ud800",), "cannot be stored", id="half a character"),
    ],
)
def test_values_are_bounded(values: tuple[str, ...], problem: str) -> None:
    with pytest.raises(ValueRefused, match=problem):
        acceptable(values)
