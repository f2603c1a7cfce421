"""Change the claim mappings of an identity provider: one row, or all of them."""

from __future__ import annotations

from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from dataclasses import replace as with_changes
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import CharField, QuerySet, Value
from django.db.models.functions import Cast, Concat
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.editing import edited, judged_rows, require_one, too_many, twins
from jitprov.configuration.problems import Problems, RowProblem, refuse_unprintable
from jitprov.host.tenant_fields import fields_of
from jitprov.host.user_fields import refuse_target
from jitprov.journal.actors import Actor
from jitprov.models import MAX_CLAIM_NAME, ClaimMapping, IdentityProvider
from jitprov.models.lines import lines_of
from jitprov.provisioning.mapping import MAX_RULES, check_work
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.types import ClaimRule, SyncMode, WhenEmpty, WhenInvalid
from jitprov.words.problems import sentence

MAX_POSITION = 32767
_TWICE = _("Another row fills this user field already.")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """A claim mapping as somebody wants it: claims in, one user field out."""

    target: str
    sources: Sequence[str] = ()
    transforms: Any = field(default_factory=list)
    """Steps, each an object with its name and parameters."""
    sync: str = SyncMode.ALWAYS.value
    required: bool = False
    when_empty: str = WhenEmpty.KEEP.value
    when_invalid: str = WhenInvalid.KEEP.value
    position: int | None = None
    """Rows are applied in this order. ``None``: after all others."""


def wanted_of(row: ClaimMapping, **changes: Any) -> ClaimRow:
    """Return a stored row as somebody would want it, with some changes."""
    stored = ClaimRow(
        target=row.target,
        sources=row.claims,
        transforms=row.transforms,
        sync=row.sync,
        required=row.required,
        when_empty=row.when_empty,
        when_invalid=row.when_invalid,
        position=row.position,
    )
    return with_changes(stored, **changes)


# Judging


def judge(row: ClaimMapping, wanted: ClaimRow, targets: Container[str]) -> ClaimMapping:
    """Write what is wanted into a row, without saving it.

    :param targets: the user fields that this tenant may map to.
    :raises ValidationError: by field.
    """
    _fill(row, wanted)
    problems = Problems()
    with problems.of("sources"):
        _judge_sources(wanted.sources)
    with problems.of("position"):
        _judge_position(wanted.position)
    with problems.of():
        row.clean_fields(exclude={"identity_provider", "position", "transforms", "sources"})
    if row.target:
        with problems.of("target"):
            refuse_target(row.target, targets)
    with problems.of():
        row.clean()
    problems.refuse()
    return row


def _fill(row: Any, wanted: ClaimRow) -> None:
    row.target, row.sources = wanted.target, lines_of(wanted.sources)
    row.transforms = wanted.transforms
    row.sync, row.required = wanted.sync, wanted.required
    row.when_empty, row.when_invalid = wanted.when_empty, wanted.when_invalid
    row.position = wanted.position  # numbered when it is saved


def _judge_sources(sources: Sequence[str]) -> None:
    for source in sources:
        refuse_unprintable(source)
        if len(source) > MAX_CLAIM_NAME:
            raise ValidationError(
                _("This must have at most %(most)s characters."),
                code="max_length",
                params={"most": MAX_CLAIM_NAME},
            )


def _judge_position(position: int | None) -> None:
    if position is not None and not 0 <= position <= MAX_POSITION:
        raise ValidationError(
            _("This must be a whole number from 0 to %(most)s."), params={"most": MAX_POSITION}
        )


def judge_together(
    rows: Sequence[ClaimMapping], others: Sequence[ClaimMapping] = ()
) -> Iterator[RowProblem]:
    """Yield what is wrong with rows beside each other, and beside others that stay as they are."""
    yield from too_many(len(rows) + len(others), MAX_RULES)
    yield from twins(rows, _target, "target", _TWICE, others)
    try:
        check_work(_readable([*rows, *others]))
    except MappingError as error:
        if error.problem is MappingProblem.TOO_MUCH_WORK:
            yield RowProblem(error=ValidationError(sentence(error), code="too_much_work"))


def _readable(rows: Iterable[ClaimMapping]) -> Iterator[ClaimRule]:
    for row in rows:
        try:
            yield row.as_rule()
        except MappingError:
            continue  # of a row that was there before, and that a sign-in refuses


def _target(row: ClaimMapping) -> str:
    return row.target


def judged(identity_provider: IdentityProvider, wanted: Iterable[ClaimRow]) -> list[ClaimMapping]:
    """Return a whole list of claim mappings in their order, not saved.

    :raises RowsRefused: some are not valid.
    """
    targets = fields_of(identity_provider)

    def one(number: int, wanted: ClaimRow) -> ClaimMapping:
        new = ClaimMapping(identity_provider=identity_provider)
        return judge(new, with_changes(wanted, position=number), targets)

    return judged_rows(wanted, one, judge_together)


# Writing


def write(
    identity_provider: IdentityProvider,
    rows: Sequence[ClaimMapping],
    removed: Collection[int] = (),
) -> None:
    """Save rows that were judged, and remove others, while the identity provider is :func:`edited`."""
    stored = ClaimMapping.objects.filter(identity_provider=identity_provider)
    if removed:
        stored.filter(pk__in=removed).delete()
    _number(rows, stored)
    _free_the_targets(rows, stored)
    for row in rows:
        row.save()


def _number(rows: Sequence[Any], stored: QuerySet[ClaimMapping]) -> None:
    """Put rows without a number behind all others, in the order of the list."""
    if all(row.position is not None for row in rows):
        return
    new = [row.position for row in rows if row.position is not None]
    last = max([*stored.values_list("position", flat=True), *new], default=-1)
    for row in rows:
        if row.position is None:
            last = min(last + 1, MAX_POSITION)
            row.position = last


def _free_the_targets(rows: Sequence[Any], stored: QuerySet[ClaimMapping]) -> None:
    """Give rows that change their field a placeholder first, so that two rows can exchange their fields."""
    wanted = {row.pk: row.target for row in rows if row.pk is not None}
    if not wanted:
        return
    before = dict(stored.filter(pk__in=wanted).values_list("pk", "target"))
    moved = [key for key, target in before.items() if wanted[key] != target]
    if moved:
        placeholder = Concat(Value("-"), Cast("pk", CharField()), output_field=CharField())
        stored.filter(pk__in=moved).update(target=placeholder)


def add(identity_provider: IdentityProvider, wanted: ClaimRow, actor: Actor) -> ClaimMapping:
    """Add a claim mapping.

    :raises ValidationError: it is not valid, or does not go with the others; by field.
    """
    row = ClaimMapping(identity_provider=identity_provider)
    with edited(identity_provider, actor):
        _save(row, wanted)
    return row


def change(row: ClaimMapping, actor: Actor, **changes: Any) -> None:
    """Change what is named of a claim mapping.

    :param changes: fields of :class:`ClaimRow`.
    :raises ValidationError: it is not valid, or does not go with the others; by field.
    :raises ClaimMapping.DoesNotExist: somebody has removed it.
    """
    with edited(row.identity_provider, actor):
        row.refresh_from_db()
        _save(row, wanted_of(row, **changes))


def _save(row: ClaimMapping, wanted: ClaimRow) -> None:
    idp = row.identity_provider
    judge(row, wanted, fields_of(idp))
    require_one(judge_together([row], list(idp.claim_mappings.exclude(pk=row.pk))))
    write(idp, [row])


def replace(identity_provider: IdentityProvider, wanted: Iterable[ClaimRow], actor: Actor) -> None:
    """Let these be all claim mappings, in this order. A row of the same user field keeps its primary key.

    :raises RowsRefused: some are not valid; nothing was changed.
    """
    with edited(identity_provider, actor):
        rows = judged(identity_provider, wanted)
        known = dict(identity_provider.claim_mappings.values_list("target", "pk"))
        for row in rows:
            row.pk = known.pop(row.target, None)
        write(identity_provider, rows, known.values())
