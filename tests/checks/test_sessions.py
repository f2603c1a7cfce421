"""A host without the middleware of sessions, or with it at the wrong place, is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.checks import run_checks

from jitprov.checks.sessions import MIDDLEWARE_MISPLACED, SESSIONS_CANNOT_BE_ENDED
from jitprov.middleware import SignInSessionMiddleware

if TYPE_CHECKING:
    from pytest_django import Settings

# From Django 6.1 on, checks look into the databases without being told to.
pytestmark = pytest.mark.django_db

OURS = "jitprov.middleware.SignInSessionMiddleware"


class OwnMiddleware(SignInSessionMiddleware):
    """A host's subclass."""


def function(get_response: Any) -> Any:
    """Make a middleware that is no class."""
    return get_response


def found() -> list[str | None]:
    return [one.id for one in run_checks(tags=["jitprov"])]


def others(settings: Settings) -> list[str]:
    return [one for one in settings.MIDDLEWARE if one != OURS]


def test_a_missing_middleware_is_named(settings: Settings) -> None:
    settings.MIDDLEWARE = [*others(settings), f"{__name__}.function"]
    assert found() == [SESSIONS_CANNOT_BE_ENDED]


def test_a_middleware_before_djangos_is_named(settings: Settings) -> None:
    settings.MIDDLEWARE = [OURS, *others(settings)]
    assert found() == [MIDDLEWARE_MISPLACED]


def test_a_subclass_at_its_place_is_right(settings: Settings) -> None:
    settings.MIDDLEWARE = [*others(settings), f"{__name__}.OwnMiddleware"]
    assert found() == []
