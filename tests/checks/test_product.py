"""What a setting says of the product and no page can show is reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from jitprov.checks.product import PRODUCT_NOT_USABLE, check_product

if TYPE_CHECKING:
    from pytest_django import Settings


def test_a_product_that_is_not_set_needs_no_word() -> None:
    assert check_product(None) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PRODUCT_COLOUR", "blue"),
        ("PRODUCT_LOGO", "http://cdn.example/logo.svg"),
        ("RETURN_URL", "javascript:alert(1)"),
    ],
)
def test_a_value_that_is_left_out_is_reported(name: str, value: str, settings: Settings) -> None:
    setattr(settings, f"JITPROV_{name}", value)

    [warning] = check_product(None)

    assert warning.id == PRODUCT_NOT_USABLE
    assert warning.msg == f"JITPROV_{name} cannot be used, and is left out."


def test_values_that_are_shown_are_not_reported(settings: Settings) -> None:
    settings.JITPROV_PRODUCT_COLOUR = "#1D4ed8"
    settings.JITPROV_PRODUCT_LOGO = "/static/logo.svg"
    settings.JITPROV_RETURN_URL = "https://desk.example/"

    assert check_product(None) == []
