"""Explain one event, a sign-in or an end of access: its outcome, its cause and the remedy."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext_lazy as _

from jitprov.explain.access import AccessExplanation, explain_access
from jitprov.explain.evidence import by_evidence
from jitprov.explain.names import ClaimName, claim_name, claim_names
from jitprov.explain.problems import FieldProblem, field_problems
from jitprov.host.user_fields import label_of as field_label
from jitprov.models import Outcome, ProvisioningEvent
from jitprov.models.events import CAME_IN
from jitprov.provisioning.presets import Preset
from jitprov.saml.time import apart
from jitprov.words.guides import Text
from jitprov.words.remedies import Remedy, aadsts, remedy

_WENT_WELL: dict[str, Text] = {
    Outcome.CREATED: _("The person came in for the first time, and an account was made."),
    Outcome.UPDATED: _("The person came in, and their account was changed to what was sent."),
    Outcome.UNCHANGED: _("The person came in. Nothing about their account had to be changed."),
    Outcome.RESTARTED: _(
        "The sign-in began at the identity provider, and nobody here had asked for it. So the person was sent "
        "through a request of ours, which is a sign-in of its own."
    ),
    Outcome.ENDED: _("The person's access by this identity provider ended."),
    Outcome.RETURNED: _("The person's access by this identity provider was given back."),
    Outcome.KEPT: _(
        "The person's access was to end, and the application keeps it. Nothing was changed."
    ),
}

_LATER = _("What came is %(duration)s (hours:minutes:seconds) later than what was expected.")
_EARLIER = _("What came is %(duration)s (hours:minutes:seconds) earlier than what was expected.")


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenField:
    """A user field that the attempt wrote."""

    field: str
    label: str
    claim: ClaimName | None
    """``None`` if no single claim gave the value, as for a generated user name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedRemedy:
    """Something to know about, with what to do."""

    code: str
    remedy: Remedy


@dataclass(frozen=True, slots=True, kw_only=True)
class EventExplanation:
    """An attempt, as a tenant's admin reads it."""

    reference: str
    at: datetime
    identity_provider: str
    """The slug; empty if the identity provider is deleted."""
    username: str
    """The user name of the account; empty if it is not known."""
    outcome: str
    outcome_label: Text
    came_in: bool
    code: str
    """The code of the refusal; empty if nothing was refused."""
    happened: Text
    remedy: Remedy | None
    """``None`` if nothing is wrong."""
    hints: tuple[Text, ...]
    """The meaning of the identity provider's own error codes."""
    verified: bool
    """Whether the identity provider's signature was good. Without that, anybody may have sent the received values."""
    expected: str
    received: tuple[str, ...]
    clock_difference: timedelta | None
    """How much later the received moment is than the expected one; ``None`` if they are not moments."""
    claims: tuple[ClaimName, ...]
    problems: tuple[FieldProblem, ...]
    notes: tuple[NotedRemedy, ...]
    fields: tuple[WrittenField, ...]
    joined: tuple[str, ...]
    left: tuple[str, ...]
    access: AccessExplanation | None
    """How access ended or came back; ``None`` for a sign-in."""
    network: str
    """From where the browser came, cut by the host's settings; empty if it was not kept."""
    duration_ms: int

    @property
    def clock_in_words(self) -> Text:
        """Return the difference of the clocks in words; empty if there is none."""
        difference = self.clock_difference
        if difference is None:
            return ""
        duration = str(timedelta(seconds=round(abs(difference).total_seconds())))
        words = _LATER if difference > timedelta(0) else _EARLIER
        return words % {"duration": duration}


def explain_event(event: ProvisioningEvent) -> EventExplanation:
    """Explain an event. At most four SQL statements, besides its identity provider and its user."""
    details: dict[str, Any] = event.details
    found = _remedy_of(event)
    expected, received = details.get("expected", ""), tuple(details.get("received", ()))
    groups = details.get("groups", {})
    names = _group_names([*groups.get("joined", ()), *groups.get("left", ())])
    return EventExplanation(
        reference=event.reference,
        at=event.created_at,
        identity_provider=event.identity_provider.slug if event.identity_provider else "",
        username=event.user.get_username() if event.user else "",
        outcome=event.outcome,
        outcome_label=Outcome(event.outcome).label,
        came_in=event.outcome in CAME_IN,
        code=event.reason,
        happened=found.happened if found else _WENT_WELL[event.outcome],
        remedy=found,
        hints=tuple(hint for hint in map(aadsts, received) if hint),
        verified=event.verified,
        expected=expected,
        received=received,
        clock_difference=_clock_difference(expected, received),
        claims=claim_names(details.get("claims", ())),
        problems=field_problems(event),
        notes=tuple(
            NotedRemedy(code=note, remedy=remedy(note, preset_of(event))) for note in event.notes
        ),
        fields=tuple(_written(details.get("fields", {}))),
        joined=tuple(names[pk] for pk in groups.get("joined", ()) if pk in names),
        left=tuple(names[pk] for pk in groups.get("left", ()) if pk in names),
        access=explain_access(event),
        network=event.network,
        duration_ms=event.duration_ms,
    )


def preset_of(event: ProvisioningEvent) -> Preset:
    """Return the preset of the event's identity provider; ``Preset.NONE`` if it is deleted."""
    return Preset(event.identity_provider.preset) if event.identity_provider else Preset.NONE


def _remedy_of(event: ProvisioningEvent) -> Remedy | None:
    if event.outcome in _WENT_WELL:
        return None
    expected, received = event.details.get("expected", ""), event.details.get("received", ())
    return by_evidence(remedy(event.reason, preset_of(event)), event.reason, expected, received)


def _clock_difference(expected: str, received: Iterable[str]) -> timedelta | None:
    differences = (apart(expected, one) for one in received)
    return next((found for found in differences if found is not None), None)


def _written(fields: dict[str, str]) -> Iterator[WrittenField]:
    for name, claim in fields.items():
        yield WrittenField(
            field=name,
            label=field_label(name),
            claim=claim_name(claim) if claim else None,
        )


def _group_names(keys: list[int]) -> dict[int, str]:
    if not keys:
        return {}
    return dict(Group.objects.filter(pk__in=keys).values_list("pk", "name"))
