"""Explain where a person's groups come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from jitprov.explain.names import ClaimName, claim_name
from jitprov.models import ExternalIdentity, GrantedGroup, GroupMapping, ProvisioningEvent
from jitprov.models.mappings import EVERYBODY
from jitprov.scope import Scope

MAX_GROUPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A group membership that a sign-in gave, with the value of the claim that it gave it for."""

    identity_provider: str
    claim: ClaimName | None
    """``None`` for a grant that is older than this column, and for one that everybody is given."""
    everybody: bool
    """Whether everybody of the identity provider is given it, whatever the claims say."""
    value: str
    directory_name: str
    """The name of the value in the group mapping; empty if it has none."""
    mapped: bool
    """Whether the group mapping still exists."""
    at: datetime
    reference: str
    event: int | None
    """The primary key of the event; ``None`` if it is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupExplanation:
    """A group that the person is in, or that a sign-in granted and somebody took away by hand."""

    name: str
    member: bool
    grants: tuple[Grant, ...]
    """Empty for a group that was given by hand."""


def explain_groups(
    user: AbstractBaseUser, identities: Sequence[ExternalIdentity], scope: Scope
) -> tuple[GroupExplanation, ...]:
    """Return the groups of a person by name, each with its grants.

    The grants of other tenants' identities are left out. So are groups given by hand, but for superusers.
    """
    granted = _granted(identities)
    mine = {row.group_id: row.group.name for row in granted}
    member_of = _member_of(user)
    names = mine | _given_by_hand(user, scope)
    grants = _grants(granted)
    return tuple(
        GroupExplanation(name=name, member=pk in member_of, grants=tuple(grants.get(pk, ())))
        for pk, name in sorted(names.items(), key=lambda item: item[1])
    )


def _granted(identities: Sequence[ExternalIdentity]) -> Sequence[GrantedGroup]:
    rows = GrantedGroup.objects.filter(identity__in=[identity.pk for identity in identities])
    newest_last = rows.select_related("group", "identity__identity_provider").order_by("created_at")
    return list(newest_last[:MAX_GROUPS])


def _member_of(user: AbstractBaseUser) -> set[int]:
    groups: Any = getattr(user, "groups", None)
    return set(groups.values_list("pk", flat=True)) if groups is not None else set()


def _given_by_hand(user: AbstractBaseUser, scope: Scope) -> dict[int, str]:
    """Return the groups that no sign-in gave. Only superusers learn of them: they say what else a person may do."""
    groups: Any = getattr(user, "groups", None)
    if groups is None or not scope.everything:
        return {}
    granted = GrantedGroup.objects.filter(identity__user_id=user.pk)
    by_hand = groups.exclude(pk__in=granted.values("group"))
    return dict(by_hand.values_list("pk", "name")[:MAX_GROUPS])


def _grants(granted: Sequence[GrantedGroup]) -> dict[int, list[Grant]]:
    mappings = _mappings(granted)
    references = {row.reference for row in granted if row.reference}
    events = dict(
        ProvisioningEvent.objects.filter(reference__in=references).values_list("reference", "pk")
    )
    grants: dict[int, list[Grant]] = {}
    for row in granted:
        grants.setdefault(row.group_id, []).append(_grant(row, mappings, events))
    return grants


def _mappings(granted: Sequence[GrantedGroup]) -> dict[tuple[int, int | None, str, str], str]:
    """Return the names that the present mappings give each value of these groups."""
    rows = GroupMapping.objects.filter(
        identity_provider__in={row.identity.identity_provider_id for row in granted},
        group__in={row.group_id for row in granted},
    )
    return {
        (row.identity_provider_id, row.group_id, row.claim, row.value): row.name for row in rows
    }


def _grant(
    row: GrantedGroup, mappings: dict[tuple[int, int | None, str, str], str], events: dict[str, int]
) -> Grant:
    key = row.identity.identity_provider_id, row.group_id, row.claim, row.value
    everybody = row.claim == EVERYBODY
    still_given = row.identity.identity_provider.everybody_group_id == row.group_id
    return Grant(
        identity_provider=row.identity.identity_provider.slug,
        claim=claim_name(row.claim) if row.claim and not everybody else None,
        everybody=everybody,
        value=row.value,
        directory_name=mappings.get(key, ""),
        mapped=still_given if everybody else key in mappings,
        at=row.created_at,
        reference=row.reference,
        event=events.get(row.reference),
    )
