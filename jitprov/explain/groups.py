"""Explain where a person's groups come from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.db.models import Q

from jitprov.explain.names import ClaimName, claim_name
from jitprov.host.provisioner import provisioner_for
from jitprov.models import ExternalIdentity, GrantedGroup, GroupMapping, ProvisioningEvent
from jitprov.scope import Scope

MAX_GROUPS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A group membership that a sign-in gave, with the value of the claim that it gave it for."""

    identity_provider: str
    claim: ClaimName | None
    """``None`` for a grant that is older than this column."""
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

    The grants of other tenants' identities are left out. So are groups given by hand that these tenants may not assign.
    """
    granted = _granted(identities)
    mine = {row.group_id: row.group.name for row in granted}
    member_of = _member_of(user)
    names = mine | _given_by_hand(user, identities, scope)
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


def _given_by_hand(
    user: AbstractBaseUser, identities: Sequence[ExternalIdentity], scope: Scope
) -> dict[int, str]:
    groups: Any = getattr(user, "groups", None)
    if groups is None:
        return {}
    granted = GrantedGroup.objects.filter(identity__user_id=user.pk)
    by_hand = groups.exclude(pk__in=granted.values("group"))
    if not scope.everything:
        by_hand = by_hand.filter(_assignable(identities))
    return dict(by_hand.values_list("pk", "name")[:MAX_GROUPS])


def _assignable(identities: Iterable[ExternalIdentity]) -> Q:
    """Return a condition for the groups that any of these tenants may assign."""
    wanted = Q(pk__in=Group.objects.none())
    for identity in identities:
        groups = provisioner_for(identity.identity_provider).assignable_groups()
        wanted |= Q(pk__in=groups.order_by().values("pk"))
    return wanted


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


def _mappings(granted: Sequence[GrantedGroup]) -> dict[tuple[int, int, str, str], str]:
    """Return the names that the present mappings give each value of these groups."""
    rows = GroupMapping.objects.filter(
        identity_provider__in={row.identity.identity_provider_id for row in granted},
        group__in={row.group_id for row in granted},
    )
    return {
        (row.identity_provider_id, row.group_id, row.claim, row.value): row.name for row in rows
    }


def _grant(
    row: GrantedGroup, mappings: dict[tuple[int, int, str, str], str], events: dict[str, int]
) -> Grant:
    key = row.identity.identity_provider_id, row.group_id, row.claim, row.value
    return Grant(
        identity_provider=row.identity.identity_provider.slug,
        claim=claim_name(row.claim) if row.claim else None,
        value=row.value,
        directory_name=mappings.get(key, ""),
        mapped=key in mappings,
        at=row.created_at,
        reference=row.reference,
        event=events.get(row.reference),
    )
