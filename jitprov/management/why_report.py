"""Report what ``explain_user`` found, for people."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.utils import timezone

from jitprov.explain import UserExplanation
from jitprov.explain.fields import FieldExplanation, MappingExplanation, Written
from jitprov.explain.groups import Grant, GroupExplanation
from jitprov.explain.names import ClaimName
from jitprov.explain.people import Attempt, IdentityExplanation


def lines_of(explanation: UserExplanation) -> Iterator[str]:
    """Yield the lines of everything that the admin's page shows."""
    off = "" if explanation.active else ", switched off"
    yield f"{explanation.username} (primary key {explanation.pk}{off})"
    yield from _section("Known to", map(_identity, explanation.identities))
    yield from _section("Fields", _each(_field, explanation.fields))
    yield from _section("Groups", _each(_group, explanation.groups))
    yield from _section("Last sign-ins and refusals", map(_attempt, explanation.attempts))


def _section(title: str, lines: Iterable[str]) -> Iterator[str]:
    yield ""
    yield title
    found = False
    for line in lines:
        found = True
        yield f"  {line}"
    if not found:
        yield "  none"


def _each(tell: Any, items: Iterable[Any]) -> Iterator[str]:
    for item in items:
        yield from tell(item)


def _identity(identity: IdentityExplanation) -> str:
    about = f"{identity.identity_provider}: {identity.external_id}, since {_moment(identity.since)}"
    return about + _ended(identity)


def _ended(identity: IdentityExplanation) -> str:
    if identity.active:
        return f", leaves on {_moment(identity.leaves_at)}" if identity.leaves_at else ""
    when = f" on {_moment(identity.ended_at)}" if identity.ended_at else ""
    road = f" by {identity.ended_by}" if identity.ended_by else ""
    why = f": {identity.ended_reason}" if identity.ended_reason else ""
    return f", switched off{when}{road}{why}"


def _field(field: FieldExplanation) -> Iterator[str]:
    yield f"{field.field} = {'' if field.value is None else field.value!s}"
    if field.written is None:
        yield "    not set by a sign-in"
    else:
        yield from _written(field.written)
    for mapping in field.mappings:
        yield f"    mapping now: {_mapping(mapping)}"


def _written(written: Written) -> Iterator[str]:
    claim = _claim(written.claim) if written.claim else "no claim"
    by = f"{written.identity_provider} ({written.source.upper()})"
    yield f"    from {claim} by {by}, {_moment(written.at)}, {written.reference}"
    yield f"    {written.mapping.label}"


def _mapping(mapping: MappingExplanation) -> str:
    claims = ", ".join(map(_claim, mapping.claims)) or "no claim"
    steps = " → ".join([claims, *mapping.transforms])
    required = ", required" if mapping.required else ""
    return f"{steps}, {mapping.sync_label}{required} ({mapping.identity_provider})"


def _group(group: GroupExplanation) -> Iterator[str]:
    yield group.name if group.member else f"{group.name} (not in it now: taken away by hand)"
    if not group.grants:
        yield "    given by hand"
    for grant in group.grants:
        yield f"    {_grant(grant)}"


def _grant(grant: Grant) -> str:
    known_as = f" ({grant.directory_name})" if grant.directory_name else ""
    reason = f"for {_claim(grant.claim)} = {grant.value}{known_as} " if grant.claim else ""
    gone = "" if grant.mapped else "; the group mapping has been changed or removed since"
    return (
        f"{reason}by {grant.identity_provider}, {_moment(grant.at)} {grant.reference}".rstrip()
        + gone
    )


def _attempt(attempt: Attempt) -> str:
    reason = f": {attempt.happened} [{attempt.code}]" if attempt.happened else ""
    by_email = " (found by the e-mail address)" if attempt.by_email else ""
    where = f" at {attempt.identity_provider}" if attempt.identity_provider else ""
    came_to = f"{attempt.outcome_label}{where}{by_email}{reason}"
    return f"{_moment(attempt.at)}  {attempt.reference}  {came_to}"


def _claim(claim: ClaimName) -> str:
    return claim.name if claim.label == claim.name else f"{claim.label} <{claim.name}>"


def _moment(moment: datetime | None) -> str:
    if moment is None:
        return "?"
    local = timezone.localtime(moment) if timezone.is_aware(moment) else moment
    return local.isoformat(sep=" ", timespec="seconds")
