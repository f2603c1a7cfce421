"""Limit what costs much: fetching metadata, previews and test sign-ins, by the page, a setup link and the API alike.

Each makes us talk to other machines, compute or store, for whoever may configure one tenant's sign-in. They are counted by
the minute in Django's cache: of one person or setup link, and of one identity provider. No sign-in is ever counted here.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator

from django.core.cache import cache

from jitprov.accounts.outages import refusal_for
from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider

PERIOD = 60
"""Seconds."""
SHARE = 3
"""How many times as much all people and links of one identity provider may ask for as one of them."""


class Throttled(JitprovError):
    """Somebody asked for previews, tests or metadata too often within a minute."""

    code = "throttled"

    def __init__(self, seconds: int) -> None:
        super().__init__(f"again in {seconds} seconds")
        self.seconds = seconds
        """After how many seconds it is allowed again."""


def count_costly(identity_provider: IdentityProvider, actor: Actor) -> None:
    """Count one operation that costs much, before it is done.

    Without the cache nothing can be counted, and then it is not done.

    :raises Throttled: there were too many in this minute.
    :raises TemporarilyUnavailable: the cache cannot be reached.
    """
    try:
        seconds = _seconds_to_wait(identity_provider, actor)
    except Exception as error:
        refusal = refusal_for(error)
        if refusal is None:
            raise
        raise refusal from error
    if seconds:
        raise Throttled(seconds)


def _seconds_to_wait(identity_provider: IdentityProvider, actor: Actor) -> int:
    """Count, and return the seconds until the next minute; 0 if there is no need to wait."""
    minute, second = divmod(_now(), PERIOD)
    # In order: whoever is over their own limit uses nothing up for the others.
    for name, most in _limits(identity_provider, actor):
        if _counted(f"{name}-{minute}") > most:
            return PERIOD - second
    return 0


def _now() -> int:
    return int(time.time())


def _limits(identity_provider: IdentityProvider, actor: Actor) -> Iterator[tuple[str, int]]:
    most = conf.COSTLY_PER_MINUTE
    # The name of a setup link begins with its number.
    who = f"{actor.via} {actor.name}" if actor.user is None else f"user {actor.user.pk}"
    digest = hashlib.sha256(who.encode()).hexdigest()
    yield f"jitprov-costly-{digest}", most
    yield f"jitprov-costly-{identity_provider.pk}", SHARE * most


def _counted(key: str) -> int:
    """Return how often this key was counted, now included."""
    cache.add(key, 0, timeout=2 * PERIOD)
    try:
        return int(cache.incr(key))
    except ValueError:  # the cache keeps nothing, or has just dropped it
        return 1
