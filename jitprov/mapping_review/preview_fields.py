"""Preview each user field of one person: before, after, and why, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from enum import StrEnum
from itertools import chain
from typing import Any, TypeAlias

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist
from django.utils.translation import gettext as _

from jitprov.accounts import Preview
from jitprov.host.user_fields import label_of
from jitprov.provisioning.groups import unmatched_values
from jitprov.provisioning.types import (
    Claims,
    GroupRule,
    Problem,
    RefusalReason,
    Refuse,
    SyncMode,
    TraceStep,
)
from jitprov.words.transforms import label_of_step

Plain: TypeAlias = str | int | float | bool | None
"""A value for JSON."""
MAX_SHOWN = 1000
"""Most characters of a value that are shown."""
MAX_VALUES_SHOWN = 50
_EMPTY = (None, "")


class Effect(StrEnum):
    """The effects of a sign-in on a user field."""

    WRITTEN = "written"
    EMPTIED = "emptied"
    UNCHANGED = "unchanged"
    """The account has the wanted value already."""
    KEPT = "kept"
    """The field is left alone, whatever value is wanted."""
    NOT_MAPPED = "not_mapped"
    """A saved row fills it, and no proposed row does."""
    PROBLEM = "problem"
    """The person would be refused because of it."""
    REFUSED = "refused"
    """Nothing is written, because the person would be refused for another reason."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPreview:
    """One user field, before and after a sign-in."""

    target: str
    label: str
    before: Plain = field(repr=False)
    """The present value; for somebody new, the value that the saved mapping would write."""
    after: Plain = field(repr=False)
    changes: bool
    source: str = ""
    """The claim that was used; empty if none had a value."""
    received: tuple[str, ...] = field(default=(), repr=False)
    steps: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Each transform's name with what it produced."""
    outcome: Effect
    why: str

    @property
    def before_text(self) -> str:
        """Return the value before as a text for people."""
        return text_of(self.before)

    @property
    def after_text(self) -> str:
        """Return the value after as a text for people."""
        return text_of(self.after)

    def as_json(self) -> dict[str, Any]:
        """Return the preview as values for JSON."""
        return {
            **asdict(self),
            "received": list(self.received),
            "steps": [list(step) for step in self.steps],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """One person, judged by the proposed mapping and by the saved one."""

    preview: Preview
    saved: Mapping[str, Any] = field(default_factory=dict)
    """The fields that the saved mapping would write for somebody new."""
    no_longer_mapped: tuple[str, ...] = ()
    """The fields that saved rows fill and proposed rows do not."""

    @property
    def is_refused(self) -> bool:
        return isinstance(self.preview.decision, Refuse)

    @property
    def is_new(self) -> bool:
        """Say whether the person has no account here yet."""
        return self.preview.user is None

    @property
    def account(self) -> AbstractBaseUser | None:
        """Return the account, if it is linked to this identity provider already.

        An account that the host only found by the claims may be anybody's, so its values are not shown.
        """
        current = self.preview.current
        return self.preview.user if current is not None and current.linked else None

    @property
    def written(self) -> Mapping[str, Any]:
        """Return the values that would be written, by user field."""
        decision = self.preview.decision
        if isinstance(decision, Refuse):
            return {}
        if self.is_new or self.account is not None:
            return decision.changes.fields
        # Of an account that is not theirs yet, it is not shown which values differ.
        wanted = decision.desired.fields
        return {name: one.value for name, one in wanted.items() if one.sync is SyncMode.ALWAYS}

    def problem_of(self, target: str) -> Problem | None:
        """Return the problem of this field, if the person would be refused because of it."""
        for problem in self.preview.desired.problems:
            if problem.field == target:
                return problem
        decision = self.preview.decision
        if isinstance(decision, Refuse) and target in decision.fields:
            return Problem(reason=RefusalReason(decision.reason), field=target)
        return None


def field_previews(judged: Judged) -> tuple[FieldPreview, ...]:
    """Return a preview of every field that a row fills, in the order of the rows, then of others that change."""
    trace = {step.target: step for step in judged.preview.desired.trace}
    others = (*judged.written, *judged.no_longer_mapped, *_problems(judged))
    return tuple(_field(judged, name, trace.get(name)) for name in dict.fromkeys([*trace, *others]))


def unmatched_groups(claims: Claims, rules: Sequence[GroupRule]) -> tuple[str, ...]:
    """Return the values that came and that no group mapping has, few and short."""
    values = dict.fromkeys(chain.from_iterable(unmatched_values(claims, rules).values()))
    return tuple(value[:MAX_SHOWN] for value in list(values)[:MAX_VALUES_SHOWN])


def text_of(value: Plain) -> str:
    """Return a value as a text for people."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def plain(value: Any) -> Plain:
    """Return a value for JSON, cut short."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, tuple):
        return ", ".join(map(str, value[:MAX_VALUES_SHOWN]))[:MAX_SHOWN]
    text = format(value, "f") if isinstance(value, Decimal) else str(value)
    return text[:MAX_SHOWN]


def _problems(judged: Judged) -> Iterator[str]:
    return (problem.field for problem in judged.preview.desired.problems)


def _field(judged: Judged, target: str, step: TraceStep | None) -> FieldPreview:
    before, after = _before(judged, target), _after(judged, target)
    outcome, why = _explained(judged, target, step)
    return FieldPreview(
        target=target,
        label=label_of(target),
        before=plain(before),
        after=plain(after),
        changes=before != after and not (before in _EMPTY and after in _EMPTY),
        source=step.source if step else "",
        received=_received(step) if step else (),
        steps=tuple((name, text_of(plain(value))) for name, value in step.steps) if step else (),
        outcome=outcome,
        why=why,
    )


def _received(step: TraceStep) -> tuple[str, ...]:
    return tuple(value[:MAX_SHOWN] for value in step.received[:MAX_VALUES_SHOWN])


def _before(judged: Judged, target: str) -> Any:
    if judged.is_new:
        return judged.saved.get(target, _default(target)) if judged.saved else None
    return getattr(judged.account, target, None)


def _after(judged: Judged, target: str) -> Any:
    if target in judged.written:
        return judged.written[target]
    if judged.is_new:
        return None if judged.is_refused else _default(target)
    return _before(judged, target)


def _default(target: str) -> Any:
    """Return the value that a new account has where nothing is written."""
    try:
        target_field: Any = get_user_model()._meta.get_field(target)
    except FieldDoesNotExist:
        return None
    default = target_field.default
    # A default that is made anew each time cannot be told in advance.
    return None if callable(default) or not target_field.has_default() else default


# Why


def _explained(judged: Judged, target: str, step: TraceStep | None) -> tuple[Effect, str]:
    if problem := judged.problem_of(target):
        return Effect.PROBLEM, _problem_text(problem, step)
    if judged.is_refused:
        return Effect.REFUSED, _("Nothing is written, because the person would be refused.")
    return _without_row(judged, target) if step is None else _by_row(judged, target, step)


def _by_row(judged: Judged, target: str, step: TraceStep) -> tuple[Effect, str]:
    if unfit := judged.preview.desired.unfit_of(target):
        return _left_out(unfit, step)
    if step.outcome == "keep":
        return Effect.KEPT, _("None of its claims has a value, so the field is left alone.")
    if target in judged.written:
        return _written(judged, target, step)
    return _not_written(judged, target)


def _left_out(problem: Problem, step: TraceStep) -> tuple[Effect, str]:
    said = _problem_text(problem, step)
    if step.outcome == "clear":
        return Effect.EMPTIED, " ".join([said, _("The row empties the field then.")])
    return Effect.KEPT, " ".join([said, _("The field is left alone.")])


def _problem_text(problem: Problem, step: TraceStep | None) -> str:
    if problem.reason is RefusalReason.CONFLICT:
        return _("Somebody else has this value already, and no two people may have the same.")
    if problem.reason is RefusalReason.REQUIRED_CLAIM_MISSING:
        return _("No value came, and without one the person is refused.")
    if step is not None and step.source:
        return _("The value of %(claim)s does not fit (%(detail)s).") % {
            "claim": step.source,
            "detail": problem.detail,
        }
    return _("The value does not fit (%(detail)s).") % {"detail": problem.detail}


def _without_row(judged: Judged, target: str) -> tuple[Effect, str]:
    if target in judged.written:
        return Effect.WRITTEN, _("Made up by this application, because no row fills it.")
    if judged.is_new:
        return Effect.NOT_MAPPED, _("No row fills this field any more.")
    return Effect.NOT_MAPPED, _("No row fills this field any more; it keeps its value.")


def _written(judged: Judged, target: str, step: TraceStep) -> tuple[Effect, str]:
    if step.outcome == "clear":
        return Effect.EMPTIED, _("None of its claims has a value, and the row empties it then.")
    sentences = [_origin(step)]
    if target == get_user_model().USERNAME_FIELD and judged.written[target] != _result(step):
        sentences.append(_("It was made fit for a user name that nobody else has."))
    if not judged.is_new and judged.account is None:
        sentences.append(
            _("What the account holds is not shown: it is not connected to this sign-in yet.")
        )
    return Effect.WRITTEN, " ".join(sentences)


def _origin(step: TraceStep) -> str:
    steps = ", ".join(label_of_step(name) for name, _value in step.steps)
    said = {"claim": step.source, "steps": steps}
    if step.source and steps:
        return _("From %(claim)s, changed by %(steps)s.") % said
    if step.source:
        return _("From %(claim)s.") % said
    return _("From no claim; made by %(steps)s.") % said


def _result(step: TraceStep) -> Any:
    result = step.steps[-1][1] if step.steps else step.received
    return result[0] if isinstance(result, tuple) and result else result


def _not_written(judged: Judged, target: str) -> tuple[Effect, str]:
    wanted = judged.preview.desired.fields[target]
    if wanted.sync is SyncMode.ON_CREATE:
        return Effect.KEPT, _("Kept: it is only written when the person is created.")
    if wanted.sync is SyncMode.IF_EMPTY:
        return Effect.KEPT, _("Kept: it is only written while the field is empty.")
    if target == get_user_model().USERNAME_FIELD and wanted.value != _before(judged, target):
        return Effect.UNCHANGED, _("The account's user name still fits what came.")
    return Effect.UNCHANGED, _("The account has this value already.")
