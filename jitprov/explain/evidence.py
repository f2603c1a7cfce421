"""Replace a general remedy where what was expected and what came say more than the code alone."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from django.utils.translation import gettext as _

from jitprov.saml.time import apart
from jitprov.words.remedies import Fixer, Remedy

_CLOCKS = {"not_yet_valid", "expired"}
_STEP = timedelta(minutes=30)
"""Time zones are whole hours and half hours apart."""
_NEAREST, _FURTHEST = timedelta(hours=1), timedelta(hours=14)
_SLACK = timedelta(minutes=5)
"""How long a message may be on its way, or valid, beside the difference of two time zones."""


def by_evidence(remedy: Remedy, code: str, expected: str, received: Iterable[str]) -> Remedy:
    """Return the remedy that the evidence of a refusal allows; the general one if it says no more.

    :param expected: the fact that would have been accepted, as the event or the report of a test has it.
    :param received: the facts that came.
    """
    if code == "signature_invalid" and _names_a_stored_certificate(expected, received):
        return _changed_on_its_way()
    zone = _zone(expected, received) if code in _CLOCKS else None
    return remedy if zone is None else _time_zone(zone)


def _names_a_stored_certificate(expected: str, received: Iterable[str]) -> bool:
    stored = set(expected.split(", ")) - {""}
    return any(one.rpartition(" ")[2] in stored for one in received)


def _changed_on_its_way() -> Remedy:
    return Remedy(
        happened=_(
            "The message names a certificate that is stored here, and its signature does not fit: it was changed on "
            "its way, or signed with another key. The certificate was not renewed."
        ),
        fix=_(
            "Look for whatever changes messages between the two: a proxy, an extension of the browser, a tool that "
            "rewrites pages. Importing the metadata again changes nothing."
        ),
        by=Fixer.IDENTITY_PROVIDER,
    )


def _zone(expected: str, received: Iterable[str]) -> timedelta | None:
    """Return the difference of two time zones by which a moment is off; ``None`` if it is off by something else."""
    for difference in (apart(expected, one) for one in received):
        if difference is None:
            continue
        zone = abs(round(difference / _STEP) * _STEP)
        if _NEAREST <= zone <= _FURTHEST and abs(abs(difference) - zone) <= _SLACK:
            return zone
    return None


def _time_zone(zone: timedelta) -> Remedy:
    text = _(
        "The two clocks are %(hours)s hours apart: that looks like a time zone that is set wrong."
    )
    return Remedy(
        happened=text % {"hours": str(zone).removesuffix(":00")},
        fix=_(
            "Set the time zone and the clock of the server that runs your identity provider: the time in a message is "
            "UTC. If that one is right, ask the support of this application to look at theirs."
        ),
        by=Fixer.IDENTITY_PROVIDER,
    )
