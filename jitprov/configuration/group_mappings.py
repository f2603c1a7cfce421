"""Change the group mappings of an identity provider: one row, or all of them."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.editing import (
    edited,
    judged_rows,
    replace_rows,
    require_one,
    save_rows,
    too_many,
    twins,
)
from jitprov.configuration.problems import Problems, RowProblem, refuse_unprintable
from jitprov.host.provisioner import provisioner_for
from jitprov.journal.actors import Actor
from jitprov.models import GroupMapping, IdentityProvider

MAX_GROUP_ROWS = 1000
"""Group mappings of one identity provider."""
_TWICE = _("Another row says the same already.")


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRow:
    """A group mapping as somebody wants it: who has this value in this claim belongs to this group, or may come in."""

    claim: str
    value: str
    name: str = ""
    transforms: Any = field(default_factory=list)
    """Steps, each an object with its name and parameters."""
    group: int | None = None
    """The primary key of a group."""
    admits: bool = False


def wanted_of(row: GroupMapping, **changes: Any) -> GroupRow:
    """Return a stored row as somebody would want it, with some changes."""
    stored = GroupRow(
        claim=row.claim,
        value=row.value,
        name=row.name,
        transforms=row.transforms or [],
        group=row.group_id,
        admits=row.admits,
    )
    return with_changes(stored, **changes)


# Judging


def allowed_groups(
    identity_provider: IdentityProvider, wanted: Iterable[int | None]
) -> frozenset[int]:
    """Return those of the wanted groups that the host lets this tenant assign."""
    keys = {one for one in wanted if one is not None}
    if not keys:
        return frozenset()
    assignable = provisioner_for(identity_provider).assignable_groups()
    return frozenset(assignable.filter(pk__in=keys).values_list("pk", flat=True))


def judge_group(group: int | None, allowed: Container[int]) -> None:
    """Refuse a group that this tenant may not give.

    :raises ValidationError: it may not.
    """
    if group is not None and group not in allowed:
        raise ValidationError(_("This group may not be given by a mapping."), code="invalid_choice")


def judge(row: GroupMapping, wanted: GroupRow, allowed: Container[int]) -> GroupMapping:
    """Write what is wanted into a row, without saving it.

    :param allowed: the groups that this tenant may give.
    :raises ValidationError: by field.
    """
    row.claim, row.value, row.name = wanted.claim, wanted.value, wanted.name
    row.transforms, row.group_id, row.admits = wanted.transforms, wanted.group, wanted.admits
    problems = Problems()
    for name in ("claim", "value"):
        with problems.of(name):
            refuse_unprintable(getattr(row, name))
    with problems.of("group"):
        judge_group(wanted.group, allowed)
        _require_a_purpose(wanted)
    with problems.of():
        row.clean_fields(exclude={"identity_provider", "group", "transforms"})
    with problems.of():
        row.clean()
    problems.refuse()
    return row


def _require_a_purpose(wanted: GroupRow) -> None:
    if wanted.group is None and not wanted.admits:
        raise ValidationError(
            _("Choose a group, or let only these people come in."), code="required"
        )


def judge_together(
    rows: Sequence[GroupMapping], others: Sequence[GroupMapping] = ()
) -> Iterator[RowProblem]:
    """Yield what is wrong with rows beside each other, and beside others that stay as they are."""
    yield from too_many(len(rows) + len(others), MAX_GROUP_ROWS)
    yield from twins(rows, rule_of, "value", _TWICE, others)


def rule_of(row: GroupMapping) -> tuple[str, str, int | None, str]:
    """Return what makes two rows the same."""
    return row.claim, row.value, row.group_id, json.dumps(row.transforms or [])


def judged(identity_provider: IdentityProvider, wanted: Sequence[GroupRow]) -> list[GroupMapping]:
    """Return a whole list of group mappings, not saved.

    :raises RowsRefused: some are not valid.
    """
    allowed = allowed_groups(identity_provider, [one.group for one in wanted])

    def one(_number: int, wanted: GroupRow) -> GroupMapping:
        return judge(GroupMapping(identity_provider=identity_provider), wanted, allowed)

    return judged_rows(wanted, one, judge_together)


# Writing


def add(identity_provider: IdentityProvider, wanted: GroupRow, actor: Actor) -> GroupMapping:
    """Add a group mapping.

    :raises ValidationError: it is not valid, or does not go with the others; by field.
    """
    row = GroupMapping(identity_provider=identity_provider)
    with edited(identity_provider, actor):
        _save(row, wanted)
    return row


def change(row: GroupMapping, actor: Actor, **changes: Any) -> None:
    """Change what is named of a group mapping.

    :param changes: fields of :class:`GroupRow`.
    :raises ValidationError: it is not valid, or does not go with the others; by field.
    :raises GroupMapping.DoesNotExist: somebody has removed it.
    """
    with edited(row.identity_provider, actor):
        row.refresh_from_db()
        _save(row, wanted_of(row, **changes))


def _save(row: GroupMapping, wanted: GroupRow) -> None:
    idp = row.identity_provider
    judge(row, wanted, allowed_groups(idp, [wanted.group]))
    require_one(judge_together([row], list(idp.group_mappings.exclude(pk=row.pk))))
    save_rows(idp.group_mappings, [row])


def replace(identity_provider: IdentityProvider, wanted: Sequence[GroupRow], actor: Actor) -> None:
    """Let these be all group mappings. A row that is the same as before keeps its primary key.

    :raises RowsRefused: some are not valid; nothing was changed.
    """
    with edited(identity_provider, actor):
        rows = judged(identity_provider, wanted)
        known = {rule_of(row): row.pk for row in identity_provider.group_mappings.all()}
        for row in rows:
            row.pk = known.get(rule_of(row))
        replace_rows(identity_provider.group_mappings, rows)
