"""Remember for some seconds that a session goes on, so that a request asks no database. Nobody gets in by it who is not in.

The cache is Django's, of the alias ``default``. Where it is shared by all processes, an ending is known at once; Django's
cache in the memory of each process cannot be told by the others, and ``JITPROV_SESSION_CHECK_AGE`` is the bound.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.core.cache import cache

from jitprov.conf import conf

logger = logging.getLogger("jitprov")

T = TypeVar("T")

IDENTITY, IDENTITY_PROVIDER = "identity", "identity_provider"
DOWN_FOR = 5.0
"""Seconds for which a cache that failed is not asked again."""
_PREFIX = "jitprov.session"
_OVER = ""
"""Stands where the key of a user is remembered while a session goes on."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a browser's session carries: the key of its row, and whose it is, so that a cache can be asked."""

    key: str
    identity: int
    identity_provider: int

    def dumps(self) -> list[Any]:
        """Return it as any serializer of sessions takes it."""
        return [self.key, self.identity, self.identity_provider]

    @classmethod
    def loads(cls, kept: Any) -> Token | None:
        """Return what a session carries; ``None`` if that is none of ours."""
        try:
            key, identity, identity_provider = kept
            return cls(str(key), int(identity), int(identity_provider))
        except (TypeError, ValueError):
            return None


class _Down:
    """Until when the cache is left alone, by the clock that only goes forward."""

    until = 0.0


def knows_live(token: Token, user_key: str) -> bool:
    """Say whether it is remembered that this session of this user goes on, and nothing was ended since."""
    if not _seconds():
        return False
    live, identity, provider = _names(token)
    nothing: dict[str, Any] = {}
    kept = _asked(lambda: cache.get_many([live, identity, provider]), nothing)
    return kept.get(live) == user_key and not {identity, provider} & set(kept)


def keep_live(token: Token, user_key: str, now: datetime, ends_at: datetime | None) -> None:
    """Remember that a session goes on."""
    left = _seconds() if ends_at is None else min(_seconds(), (ends_at - now).total_seconds())
    if left > 0:
        # Never over what says that it has ended: see forget_sessions.
        _asked(lambda: cache.add(_live(token.key), user_key, left), None)


def forget(kind: str, keys: Iterable[int]) -> None:
    """Let the database be asked about the sessions of these rows, until nothing older is remembered."""
    if seconds := _seconds():
        marks = {_ended(kind, key): 1 for key in keys}
        # Twice: somebody who asked the database just before may still remember its answer.
        _asked(lambda: cache.set_many(marks, 2 * seconds), None)


def forget_sessions(keys: Iterable[str]) -> None:
    """Let the database be asked about these sessions themselves, until nothing older is remembered."""
    if seconds := _seconds():
        marks = {_live(key): _OVER for key in keys}
        _asked(lambda: cache.set_many(marks, 2 * seconds), None)


def _seconds() -> float:
    return conf.SESSION_CHECK_AGE.total_seconds()


def _names(token: Token) -> tuple[str, str, str]:
    return (
        _live(token.key),
        _ended(IDENTITY, token.identity),
        _ended(IDENTITY_PROVIDER, token.identity_provider),
    )


def _live(key: str) -> str:
    return f"{_PREFIX}.live.{key}"


def _ended(kind: str, key: int) -> str:
    return f"{_PREFIX}.ended.{kind}.{key}"


def _asked(ask: Callable[[], T], otherwise: T) -> T:
    """Ask the cache. One that is down is an answer too: nothing is remembered."""
    if time.monotonic() < _Down.until:
        return otherwise
    try:
        return ask()
    except Exception as error:  # noqa: BLE001 -- each cache fails in ways of its own
        _Down.until = time.monotonic() + DOWN_FOR
        kind = type(error).__name__  # its text may have an address and a password
        logger.warning("the cache does not answer, so sessions are looked up: %s", kind)
        return otherwise
