"""Define the refusals of an assertion that the identity provider made, but that is no good for this sign-in."""

from __future__ import annotations

from collections.abc import Collection

from jitprov.exceptions import JitprovError


class AssertionRejected(JitprovError):
    """The identity provider made this assertion, but not for this sign-in."""

    code = "assertion_rejected"


class AssertionMalformed(AssertionRejected):
    """A required part of the assertion is absent, doubled or unreadable."""

    code = "assertion_malformed"


class NotBySchema(AssertionRejected):
    """A part of the message is not where, or not what, the XML schema of SAML allows."""

    code = "not_by_schema"

    def __init__(self, part: str) -> None:
        super().__init__(f"schema: {part}")
        self.stating(expected="saml-schema-protocol-2.0", received=(part,))


class EncryptedPart(AssertionRejected):
    """The assertion has an encrypted NameID or attribute; only whole assertions may be encrypted."""

    code = "encrypted_part"


class Mismatch(AssertionRejected):
    """A value differs from the one that it must equal."""

    code = "mismatch"

    def __init__(self, *, expected: str, received: Collection[str]) -> None:
        shown = ", ".join(repr(value[:200]) for value in received) or "nothing"
        super().__init__(f"expected {expected!r}, received {shown}")
        self.stating(expected=expected, received=received)


class IssuerMismatch(Mismatch):
    """Another identity provider made the assertion."""

    code = "issuer_mismatch"


class AudienceMismatch(Mismatch):
    """The assertion was meant for another service provider."""

    code = "audience_mismatch"


class RecipientMismatch(Mismatch):
    """The assertion was meant to be delivered to another URL."""

    code = "recipient_mismatch"


class DestinationMismatch(Mismatch):
    """The response was meant to be delivered to another URL."""

    code = "destination_mismatch"


class ConfirmationMissing(AssertionRejected):
    """The assertion has no bearer confirmation, so whoever brings it is not its subject."""

    code = "confirmation_missing"


class UnknownCondition(AssertionRejected):
    """The assertion holds only under a condition that we do not understand."""

    code = "unknown_condition"


class NotYetValid(AssertionRejected):
    """The assertion begins in the future: one of the clocks is wrong."""

    code = "not_yet_valid"


class Expired(AssertionRejected):
    """The assertion has ended: it took too long, or one of the clocks is wrong."""

    code = "expired"


class SessionOver(AssertionRejected):
    """The session at the identity provider has ended."""

    code = "session_over"


class AuthenticationTooOld(AssertionRejected):
    """We asked for a fresh authentication and were given an old one."""

    code = "authentication_too_old"


class AuthnContextUnmet(AssertionRejected):
    """The person did not authenticate in a way that is required."""

    code = "authn_context_unmet"


class RequestUnknown(AssertionRejected):
    """The assertion answers a request that this browser did not make, or not lately."""

    code = "request_unknown"


class Unsolicited(AssertionRejected):
    """Nobody here asked for this assertion."""

    code = "unsolicited"


class VerifiersDisagree(AssertionRejected):
    """The second verifier refuses what the first accepted, or reads other values."""

    code = "verifiers_disagree"
