"""Define the refusals of logout messages that no other message has."""

from __future__ import annotations

from jitprov.exceptions import JitprovError


class LogoutRefused(JitprovError):
    """The message is no logout message that we take."""

    code = "logout_refused"


class LogoutMessageMissing(LogoutRefused):
    """The logout URL was opened without a logout message."""

    code = "logout_message_missing"


class LogoutMalformed(LogoutRefused):
    """A part of a logout message, or of the URL or form that carries it, is absent, doubled or unreadable."""

    code = "logout_malformed"


class LogoutTooOld(LogoutRefused):
    """The logout message was issued too long ago: it took too long, or one of the clocks is wrong."""

    code = "logout_too_old"


class LogoutUnknown(LogoutRefused):
    """The answer to a logout answers no request that this browser made, or not lately."""

    code = "logout_unknown"
