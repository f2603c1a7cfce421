"""Preview a mapping: what a sign-in would do with it, person by person, before and after, and why.

A preview runs the code of a sign-in up to where it would write. What a host's ``Provisioner`` writes by itself, in
``create_user`` or ``write_related``, does not show. A preview is about one identity provider; the caller makes sure
that the person who looks may see it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.contrib.auth.models import Group
from django.utils.translation import gettext as _

from jitprov import accounts
from jitprov.accounts import Preview, Rules
from jitprov.exceptions import JitprovError
from jitprov.host.provisioner import provisioner_for
from jitprov.host.user_fields import label_of
from jitprov.mapping_review.preview_fields import (
    FieldPreview,
    Judged,
    field_previews,
    unmatched_groups,
)
from jitprov.mapping_review.preview_input import Origin, PreviewInputRefused, Said, pasted, recent
from jitprov.models import IdentityProvider
from jitprov.provisioning.presets import NAME_ID_CLAIM, Preset
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.types import Create, Note, Problem, Refuse
from jitprov.words.remedies import remedy

__all__ = [
    "FieldPreview",
    "Origin",
    "PersonPreview",
    "Point",
    "PreviewInputRefused",
    "Said",
    "Verdict",
    "pasted",
    "preview",
    "recent",
]


class Verdict(StrEnum):
    """The results of a sign-in that would take place now."""

    CREATE = "create"
    UPDATE = "update"
    UNCHANGED = "unchanged"
    REFUSE = "refuse"

    @property
    def label(self) -> str:
        """Return the verdict in words."""
        return {
            Verdict.CREATE: _("would be created"),
            Verdict.UPDATE: _("would be changed"),
            Verdict.UNCHANGED: _("would stay as it is"),
            Verdict.REFUSE: _("would be refused"),
        }[self]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A problem, or something to know."""

    code: str
    text: str
    field: str = ""
    """The user field that it is about, if any."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonPreview:
    """The preview of one person's sign-in."""

    said: Said
    who: str = field(repr=False)
    """The user name of somebody who has an account; else the name that the source gives."""
    decision: Verdict
    is_new: bool = False
    """Whether the person has no account yet. Then *before* is what the saved mapping would write."""
    reason: str = ""
    """The code of the refusal."""
    reason_text: str = ""
    fix: str = ""
    """The remedy for the refusal."""
    fields: tuple[FieldPreview, ...] = ()
    groups_joined: tuple[str, ...] = ()
    groups_left: tuple[str, ...] = ()
    groups_unmatched: tuple[str, ...] = field(default=(), repr=False)
    """Values that came and that no group mapping has."""
    problems: tuple[Point, ...] = ()
    notes: tuple[Point, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return the preview as values for JSON."""
        at = self.said.at
        return {
            "who": self.who,
            "origin": self.said.origin.value,
            "proved": self.said.is_proved,
            "at": at.isoformat() if at else None,
            "reference": self.said.reference,
            "decision": self.decision.value,
            "is_new": self.is_new,
            "reason": self.reason,
            "reason_text": self.reason_text,
            "fix": self.fix,
            "fields": [one.as_json() for one in self.fields],
            "groups_joined": list(self.groups_joined),
            "groups_left": list(self.groups_left),
            "groups_unmatched": list(self.groups_unmatched),
            "problems": [_as_json(one) for one in self.problems],
            "notes": [_as_json(one) for one in self.notes],
        }


def preview(
    identity_provider: IdentityProvider, rules: Rules | None, said: Sequence[Said]
) -> list[PersonPreview]:
    """Return a preview for each person, as if the identity provider were enabled. Writes nothing.

    :param rules: the mapping that is proposed; ``None`` for the one that is saved.
    """
    work = _Work(identity_provider=identity_provider, rules=rules, saved=_saved(identity_provider))
    outcomes = [work.judge(one) for one in said]
    names = work.group_names(one for one in outcomes if isinstance(one, Judged))
    return [
        work.told(one, outcome, names) if isinstance(outcome, Judged) else work.failed(one, outcome)
        for one, outcome in zip(said, outcomes, strict=True)
    ]


def _saved(identity_provider: IdentityProvider) -> Rules | None:
    try:
        return Rules.of(identity_provider)
    except MappingError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Work:
    """The work of one preview, for all its people."""

    identity_provider: IdentityProvider
    rules: Rules | None
    saved: Rules | None
    """The saved mapping; ``None`` if it does not make sense."""

    def judge(self, said: Said) -> Judged | JitprovError:
        """Return what a sign-in would do, or the error for which nothing could be decided."""
        try:
            found = self._preview(said, self.rules or self.saved)
        except JitprovError as error:
            return error
        is_compared = self.rules is not None and found.user is None
        return Judged(
            preview=found,
            saved=self._written_by_saved(said) if is_compared else {},
            no_longer_mapped=self._no_longer_mapped(),
        )

    def _preview(self, said: Said, rules: Rules | None) -> Preview:
        return accounts.preview(self.identity_provider, said.claims, rules, as_if_enabled=True)

    def _written_by_saved(self, said: Said) -> Mapping[str, Any]:
        if self.saved is None:
            return {}
        try:
            decision = self._preview(said, self.saved).decision
        except JitprovError:
            return {}
        return {} if isinstance(decision, Refuse) else decision.changes.fields

    def _no_longer_mapped(self) -> tuple[str, ...]:
        if self.rules is None or self.saved is None:
            return ()
        mapped = {rule.target for rule in self.rules.claim_rules}
        return tuple(rule.target for rule in self.saved.claim_rules if rule.target not in mapped)

    # In words

    def failed(self, said: Said, error: JitprovError) -> PersonPreview:
        """Return the preview of a person about whom nothing could be decided."""
        # The text of a MappingError names transforms and parameters, never values.
        detail = str(error) if isinstance(error, MappingError) else ""
        problems = (Point(code=error.code, text=detail),) if detail else ()
        return PersonPreview(
            said=said,
            who=_called(said),
            decision=Verdict.REFUSE,
            problems=problems,
            **self._reason(error.code),
        )

    def told(self, said: Said, judged: Judged, names: Mapping[int, str]) -> PersonPreview:
        """Return the preview of a person about whom there is a decision."""
        decision, desired = judged.preview.decision, judged.preview.settled
        groups = None if isinstance(decision, Refuse) else decision.changes.groups
        return PersonPreview(
            said=said,
            who=judged.account.get_username() if judged.account else _called(said),
            decision=_verdict(judged.preview),
            is_new=judged.is_new,
            fields=field_previews(judged),
            groups_joined=_named(groups.join, names) if groups else (),
            groups_left=_named(groups.leave, names) if groups else (),
            groups_unmatched=self._unmatched(said),
            problems=tuple(_problem(one) for one in desired.problems),
            notes=tuple(self._note(note) for note in Note if note in desired.notes),
            **(self._reason(str(decision.reason)) if isinstance(decision, Refuse) else {}),
        )

    def _unmatched(self, said: Said) -> tuple[str, ...]:
        rules = self.rules or self.saved
        return unmatched_groups(said.claims, rules.group_rules) if rules else ()

    def _reason(self, code: str) -> dict[str, Any]:
        found = remedy(code, Preset(self.identity_provider.preset))
        return {"reason": code, "reason_text": str(found.happened), "fix": str(found.fix)}

    def _note(self, note: Note) -> Point:
        found = remedy(note.value, Preset(self.identity_provider.preset))
        return Point(code=note.value, text=str(found.happened))

    def group_names(self, outcomes: Iterable[Judged]) -> Mapping[int, str]:
        """Return the names of the groups that come and go, as far as this tenant may know them."""
        joined, left = _groups(outcomes)
        if not (joined or left):
            return {}
        saved = {rule.group for rule in self.saved.group_rules} if self.saved else set()
        offered = provisioner_for(self.identity_provider).assignable_groups()
        known = Group.objects.filter(pk__in=left | (joined & saved))
        named = offered.filter(pk__in=joined).values_list("pk", "name")
        return {**dict(known.values_list("pk", "name")), **dict(named)}


def _called(said: Said) -> str:
    """Return the source's name for somebody who has no account here."""
    claims = said.claims
    return claims.external_id or next(iter(claims.values.get(NAME_ID_CLAIM, ())), "")


def _groups(outcomes: Iterable[Judged]) -> tuple[set[int], set[int]]:
    joined: set[int] = set()
    left: set[int] = set()
    for outcome in outcomes:
        decision = outcome.preview.decision
        if not isinstance(decision, Refuse):
            joined |= decision.changes.groups.join
            left |= decision.changes.groups.leave
    return joined, left


def _named(groups: Iterable[int], names: Mapping[int, str]) -> tuple[str, ...]:
    unknown = _("a group that may not be given here")
    return tuple(sorted(names.get(group, unknown) for group in groups))


def _verdict(found: Preview) -> Verdict:
    decision = found.decision
    if isinstance(decision, Refuse):
        return Verdict.REFUSE
    if isinstance(decision, Create):
        return Verdict.CREATE
    return Verdict.UPDATE if decision.changes or decision.link else Verdict.UNCHANGED


def _problem(problem: Problem) -> Point:
    label = label_of(problem.field)
    text = f"{label}: {problem.detail}" if problem.detail else label
    return Point(code=problem.reason.value, text=text, field=problem.field)


def _as_json(point: Point) -> dict[str, str]:
    return {"code": point.code, "text": point.text, "field": point.field}
