"""Build rows of a mapping from a request, validated by the forms of the set-up page and not saved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from jitprov.api.errors import of_form
from jitprov.api.posted import posted, posted_steps
from jitprov.host.provisioner import provisioner_for
from jitprov.models import ClaimMapping, GroupMapping, IdentityProvider
from jitprov.setup.claim_mappings import ClaimMappingForm, target_choices
from jitprov.setup.group_mappings import GroupMappingForm, rule_of
from jitprov.setup.lines import lines_of, texts_of
from jitprov.setup.rows import RowForm

Sent = Mapping[str, Any]
_ROW = "row"


def claim_row(row: ClaimMapping, sent: Sent, path: str = "") -> ClaimMapping:
    """Return a claim mapping with the values of the request; the others stay.

    :raises ValidationError: a value is not valid; the path is put before its name.
    """
    return _claim_row(row, sent, path, target_choices(row.identity_provider))


def claim_rows(idp: IdentityProvider, sent: Iterable[Sent], path: str) -> list[ClaimMapping]:
    """Return a whole list of claim mappings in their order, not saved.

    :raises ValidationError: a value is not valid, or two rows fill the same user field.
    """
    targets = target_choices(idp)
    rows = [
        _claim_row(
            ClaimMapping(identity_provider=idp, position=number), one, f"{path}.{number}.", targets
        )
        for number, one in enumerate(sent)
    ]
    _refuse_twins([row.target for row in rows], path, "target")
    return rows


def group_row(row: GroupMapping, sent: Sent, path: str = "") -> GroupMapping:
    """Return a group mapping with the values of the request; the others stay.

    :raises ValidationError: a value is not valid; the path is put before its name.
    """
    wanted = sent.get("group", row.group_id)
    return _group_row(row, sent, path, offered_groups(row.identity_provider, [wanted]))


def group_rows(idp: IdentityProvider, sent: Sequence[Sent], path: str) -> list[GroupMapping]:
    """Return a whole list of group mappings, not saved.

    :raises ValidationError: a value is not valid, or two rows are the same.
    """
    offered = offered_groups(idp, [one.get("group") for one in sent])
    rows = [
        _group_row(GroupMapping(identity_provider=idp), one, f"{path}.{number}.", offered)
        for number, one in enumerate(sent)
    ]
    _refuse_twins(list(map(rule_of, rows)), path, "value")
    return rows


def _claim_row(
    row: ClaimMapping, sent: Sent, path: str, targets: list[tuple[str, Any]]
) -> ClaimMapping:
    values = {**_claim_values(row), **sent}
    steps = posted_steps(f"{_ROW}-steps", values.pop("transforms"), f"{path}transforms")
    values["sources"] = lines_of(values["sources"])
    data = {**posted(_ROW, values), **steps}
    form = ClaimMappingForm(data, instance=row, prefix=_ROW, targets=targets)
    _judge(form, path)
    return row


def _claim_values(row: ClaimMapping) -> dict[str, Any]:
    return {
        "position": row.position,
        "sources": texts_of(row.sources),
        "target": row.target,
        "transforms": row.transforms,
        "sync": row.sync,
        "required": row.required,
        "when_empty": row.when_empty,
        "when_invalid": row.when_invalid,
    }


def _group_row(
    row: GroupMapping, sent: Sent, path: str, offered: list[tuple[int, str]]
) -> GroupMapping:
    stored = {
        "claim": row.claim,
        "value": row.value,
        "name": row.name,
        "transforms": row.transforms,
        "group": row.group_id,
        "admits": row.admits,
    }
    values = {**stored, **sent}
    steps = posted_steps(f"{_ROW}-steps", values.pop("transforms") or [], f"{path}transforms")
    data = {**posted(_ROW, values), **steps}
    form = GroupMappingForm(data, instance=row, prefix=_ROW, groups=offered)
    _judge(form, path)
    return row


def offered_groups(idp: IdentityProvider, wanted: Iterable[Any]) -> list[tuple[int, str]]:
    """Return those of the wanted groups that the host lets this tenant assign."""
    groups = provisioner_for(idp).assignable_groups().filter(pk__in=set(wanted) - {None})
    return list(groups.values_list("pk", "name"))


def _judge(form: RowForm, path: str) -> None:
    """Write the values of the form into its row, or raise its errors."""
    if not form.is_valid():
        raise of_form(form.errors, path)


def _refuse_twins(keys: Sequence[Any], path: str, field: str) -> None:
    seen = set()
    for number, key in enumerate(keys):
        if key in seen:
            problem = ErrorDetail(_("Another row is for the same."), "unique")
            raise ValidationError({f"{path}.{number}.{field}": [problem]})
        seen.add(key)
