"""Explain which user fields made a sign-in fail, and the remedy for each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jitprov.explain.names import ClaimName, claim_name
from jitprov.host.user_fields import label_of as field_label
from jitprov.models import ClaimMapping, Outcome, ProvisioningEvent
from jitprov.models.events import MAX_NAME, MAX_NAMES
from jitprov.provisioning.presets import Preset
from jitprov.provisioning.types import RefusalReason
from jitprov.words.guides import Text
from jitprov.words.remedies import Remedy, remedy

_REFUSED_VALUES: Mapping[str, Promise] = {
    # Codes of Django's validators and fields.
    "blank": _("The value is empty, and the field may not be."),
    "null": _("The value is empty, and the field may not be."),
    "invalid": _("The value has another form than the field takes."),
    "invalid_choice": _("The value is none of the choices that the field has."),
    "max_length": _("The value is longer than the field allows."),
    "min_length": _("The value is shorter than the field allows."),
    "max_value": _("The number is larger than the field allows."),
    "min_value": _("The number is smaller than the field allows."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadClaim:
    """A claim that the mapping of the field reads."""

    claim: ClaimName
    came: bool | None
    """``None`` if it is not known which claims arrived."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldProblem:
    """A user field that got no usable value."""

    field: str
    label: str
    code: str
    details: tuple[Text, ...]
    claims: tuple[ReadClaim, ...]
    """The claims that the mapping reads now."""
    mapped: bool
    """Whether there still is a mapping for the field."""
    remedy: Remedy


def field_problems(event: ProvisioningEvent) -> tuple[FieldProblem, ...]:
    """Return the fields that made an attempt fail, or whose values were left out of one that went well."""
    found = list(_recorded(event))
    mappings = _mappings(event, {one["field"] for one in found})
    return tuple(_explained(event, one, mappings) for one in found)


def _recorded(event: ProvisioningEvent) -> Iterator[Mapping[str, str]]:
    problems: list[dict[str, str]] = event.details.get("problems", [])
    yield from problems
    if event.outcome != Outcome.REFUSED:
        return  # the changed fields are those that were written
    told = {one["field"] for one in problems}
    for name in event.changed_fields:
        if name not in told:
            yield {"field": name, "reason": event.reason, "detail": ""}


def _mappings(event: ProvisioningEvent, names: set[str]) -> dict[str, ClaimMapping]:
    if not names or event.identity_provider is None:
        return {}
    rows = ClaimMapping.objects.filter(identity_provider=event.identity_provider, target__in=names)
    return {row.target: row for row in rows}


def _explained(
    event: ProvisioningEvent, problem: Mapping[str, str], mappings: Mapping[str, ClaimMapping]
) -> FieldProblem:
    name, code = problem["field"], problem["reason"]
    mapping = mappings.get(name)
    preset = event.identity_provider.preset if event.identity_provider else Preset.NONE
    found = remedy(code, Preset(preset))
    return FieldProblem(
        field=name,
        label=field_label(name),
        code=code,
        details=tuple(_in_words(code, problem["detail"])),
        claims=tuple(_read(mapping, event.details)) if mapping else (),
        mapped=mapping is not None,
        remedy=found,
    )


def _in_words(code: str, detail: str) -> Iterator[Text]:
    if code == RefusalReason.REQUIRED_CLAIM_MISSING or not detail:
        return  # the claims themselves are listed
    codes = detail.split(", ")
    if all(code.isidentifier() for code in codes):
        yield from (_REFUSED_VALUES.get(code, code) for code in codes)
    else:
        yield detail  # a transform's own text, commas and all


def _read(mapping: ClaimMapping, details: Mapping[str, Any]) -> Iterator[ReadClaim]:
    for name in mapping.claims:
        yield ReadClaim(claim=claim_name(name), came=_came(name, details.get("claims")))


def _came(name: str, kept: list[str] | None) -> bool | None:
    """Say whether a claim arrived; ``None`` if the recorded names cannot tell."""
    if kept is None:
        return None
    if name[:MAX_NAME] in kept:
        return True
    return None if len(kept) >= MAX_NAMES else False
