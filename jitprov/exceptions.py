"""Everything that jitprov refuses, as types.

Each class says in its docstring what happened and carries a stable ``code`` that people may quote and that
``docs/reference/refusals.md`` explains. The text of an exception is for logs: it holds configuration
(URLs, entity IDs, algorithm names), never a claim, a name identifier or a message. What a person reads is
chosen by the code, in :mod:`jitprov.refusals`.
"""

from __future__ import annotations


class JitprovError(Exception):
    """Anything that jitprov refuses."""

    code: str = "refused"
    origin_verified: bool = False
    """Whether the identity provider's signature was found good before the refusal."""
    reference: str = ""
    """Of the event that was recorded: what the person may quote."""


class ConfigurationError(JitprovError):
    """The host's settings do not make sense; see ``manage.py check``."""

    code = "configuration_error"
