"""Rows of a mapping as they were sent: judged as the forms of the admin judge them, and not saved here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError as FormError
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError

from jitprov.api.errors import of_form
from jitprov.models import ClaimMapping, GroupMapping, IdentityProvider
from jitprov.provisioner import provisioner_for


def claim_row(row: ClaimMapping, sent: dict[str, Any], path: str = "") -> ClaimMapping:
    """Let a row be what was sent.

    :raises ValidationError: it cannot be that; what is wrong is named with the path before it.
    """
    for name, value in sent.items():
        setattr(row, name, "\n".join(value) if name == "sources" else value)
    _check(row, path)
    return row


def group_row(row: GroupMapping, sent: dict[str, Any], path: str = "") -> GroupMapping:
    """Let a row be what was sent.

    :raises ValidationError: it cannot be that; what is wrong is named with the path before it.
    """
    for name, value in sent.items():
        setattr(row, "group_id" if name == "group" else name, value)
    groups = provisioner_for(row.identity_provider).assignable_groups()
    if not groups.filter(pk=row.group_id).exists():
        problem = ErrorDetail(_("There is no such group."), "invalid_choice")
        raise ValidationError({f"{path}group": [problem]})
    _check(row, path)
    return row


def claim_rows(
    idp: IdentityProvider, sent: Iterable[dict[str, Any]], path: str
) -> list[ClaimMapping]:
    """Return a whole list of rows, none of them saved, in their order.

    :raises ValidationError: one of them cannot be, or two of them are for the same user field.
    """
    rows = [
        claim_row(ClaimMapping(identity_provider=idp, position=number), one, f"{path}.{number}.")
        for number, one in enumerate(sent)
    ]
    _refuse_twins([row.target for row in rows], path, "target")
    return rows


def group_rows(
    idp: IdentityProvider, sent: Iterable[dict[str, Any]], path: str
) -> list[GroupMapping]:
    """Return a whole list of rows, none of them saved.

    :raises ValidationError: one of them cannot be, or two of them are the same.
    """
    rows = [
        group_row(GroupMapping(identity_provider=idp), one, f"{path}.{number}.")
        for number, one in enumerate(sent)
    ]
    _refuse_twins([(row.claim, row.value, row.group_id) for row in rows], path, "value")
    return rows


def _check(row: Any, path: str) -> None:
    try:
        row.full_clean(validate_unique=False, validate_constraints=False)
    except FormError as error:
        raise of_form(error, path) from error


def _refuse_twins(keys: list[Any], path: str, field: str) -> None:
    seen = set()
    for number, key in enumerate(keys):
        if key in seen:
            problem = ErrorDetail(_("Another row is for the same."), "unique")
            raise ValidationError({f"{path}.{number}.{field}": [problem]})
        seen.add(key)
