"""Check that sessions of sign-ins can be ended: that the middleware is there, at its place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from django.apps import AppConfig
from django.conf import settings  # noqa: TID251 -- MIDDLEWARE is Django's setting, not one of ours
from django.contrib.auth.middleware import AuthenticationMiddleware
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 -- Django's name for it

from jitprov.backends import OURS
from jitprov.checks.host import place_of
from jitprov.middleware import SignInSessionMiddleware

Apps: TypeAlias = Sequence[AppConfig] | None

SESSIONS_CANNOT_BE_ENDED = "jitprov.W031"
MIDDLEWARE_MISPLACED = "jitprov.W032"
_OURS = "jitprov.middleware.SignInSessionMiddleware"


@register("jitprov")
def check_middleware(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Warn of a host that lets people sign in and could not make them leave."""
    if OURS not in settings.AUTHENTICATION_BACKENDS:
        return []
    ours, djangos = place_of(SignInSessionMiddleware), place_of(AuthenticationMiddleware)
    if ours is None:
        return [
            Warning(
                "Who is switched off stays signed in: MIDDLEWARE lacks ours.",
                hint=f'Add "{_OURS}" behind Django\'s AuthenticationMiddleware.',
                id=SESSIONS_CANNOT_BE_ENDED,
            )
        ]
    if djangos is not None and ours < djangos:
        return [
            Warning(
                "SignInSessionMiddleware stands before AuthenticationMiddleware, and every request fails.",
                hint=f'Put "{_OURS}" behind Django\'s AuthenticationMiddleware.',
                id=MIDDLEWARE_MISPLACED,
            )
        ]
    return []
