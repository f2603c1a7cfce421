"""Define the base of all refusals of jitprov.

Each subclass says in its docstring what happened and carries a stable ``code`` that people may quote and that
``docs/reference/refusals.md`` explains. The text of an exception is for logs: it holds configuration
(URLs, entity IDs, algorithm names), never a claim, a name identifier or a message. What a person reads is
chosen by the code, in :mod:`jitprov.words.refusals`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum
from itertools import islice
from typing import Self

MAX_RECEIVED = 10
MAX_LENGTH = 200
MAX_EXPECTED_LENGTH = 1000


def bounded(values: Iterable[str]) -> tuple[str, ...]:
    """Return the first few values, each cut short and with invisible characters escaped."""
    return tuple(_visible(value, MAX_LENGTH) for value in islice(values, MAX_RECEIVED))


def _visible(text: str, length: int) -> str:
    characters = (
        character if character.isprintable() else ascii(character)[1:-1]
        for character in text[:length]
    )
    return "".join(characters)[:length]


class JitprovError(Exception):
    """Base of everything that jitprov refuses."""

    code: str = "refused"
    origin_verified: bool = False
    """Whether the identity provider's signature was found good before the refusal."""
    reference: str = ""
    """The reference of the recorded event, which the person may quote."""
    text: str = ""
    """What the person is told besides, by the host or the tenant. No claim is in it but what these put there."""
    expected: str = ""
    """The value that would have been accepted, for the tenant's admin.

    This and ``received`` are facts of configuration (entity IDs, URLs, instants, fingerprints, names of
    algorithms, status codes) and never a claim, a name identifier or the text of a message.
    """
    received: tuple[str, ...] = ()
    """The values that came instead, few and short. A stranger may have written them, unless ``origin_verified``."""

    def stating(self, *, expected: str = "", received: Iterable[str] = ()) -> Self:
        """Add the accepted value and the received ones, and return the error, to be raised."""
        self.expected = _visible(expected, MAX_EXPECTED_LENGTH)
        self.received = bounded(received)
        return self


class ProblemCode(Enum):
    """Base of the lists of problems that a given value can have.

    A member's name is its stable code and its value the text for logs, with a place for each fact. The sentence that
    people read is chosen by the code, in :mod:`jitprov.words.problems`.
    """

    def text(self, facts: Mapping[str, object]) -> str:
        """Return the text for logs with the facts in their places."""
        return str(self.value) % facts


class OurFailure(JitprovError):
    """Base of failures that are ours or the host's. They say nothing about the person, and are never told as theirs."""

    code = "our_failure"


class ConfigurationError(OurFailure):
    """The host's settings do not make sense; see ``manage.py check``."""

    code = "configuration_error"
