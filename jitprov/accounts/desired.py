"""Work out what an account should look like: map the claims by the tenant's rules, settle the user name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError
from django.db.models import Q

from jitprov.host import user_fields
from jitprov.host.provisioner import Provisioner
from jitprov.host.tenant_fields import fields_for
from jitprov.models import IdentityProvider
from jitprov.provisioning.mapping import map_claims
from jitprov.provisioning.types import (
    ClaimRule,
    Claims,
    CurrentUser,
    DesiredUser,
    DesiredValue,
    GroupRule,
    Note,
    Problem,
    RefusalReason,
    SyncMode,
)
from jitprov.provisioning.usernames import candidates, is_variant, neutral_name, wish_from


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A tenant's mapping, or one that is only proposed."""

    claim_rules: tuple[ClaimRule, ...]
    group_rules: tuple[GroupRule, ...]

    @classmethod
    def of(cls, identity_provider: IdentityProvider) -> Rules:
        """Return the mapping that is configured."""
        return cls(
            claim_rules=identity_provider.claim_rules(), group_rules=identity_provider.group_rules()
        )


def desired_user(claims: Claims, rules: Rules, host: Provisioner) -> DesiredUser:
    """Map the claims by the rules, each value as the host's field stores it.

    :param host: says which user fields this tenant may map to.

    :raises MappingError: the mapping does not make sense.
    """
    mapped = map_claims(claims, rules.claim_rules, rules.group_rules)
    return user_fields.cleaned(mapped, fields_for(host))


def without_groups(desired: DesiredUser, refused: frozenset[int]) -> DesiredUser:
    """Return the wish without some groups, which are then neither given nor taken away."""
    return replace(
        desired,
        groups=None if desired.groups is None else desired.groups - refused,
        unknown_groups=desired.unknown_groups | refused,
        notes=(*desired.notes, Note.GROUP_NOT_ASSIGNABLE),
    )


def with_username(
    desired: DesiredUser,
    current: CurrentUser | None,
    host: Provisioner,
    *,
    crowded: bool,
    among: Q | None,
) -> DesiredUser:
    """Return the wish with its user name settled: a free one for a new person, the old one while it still fits.

    :param crowded: a name that was free a moment ago has been taken meanwhile: try less likely ones.
    :param among: the people whose names are not free; ``None`` for all.
    :raises IntegrityError: every name that was tried is taken.
    """
    name = get_user_model().USERNAME_FIELD
    wish = desired.fields.get(name)
    if not user_fields.username_is_free_to_choose():
        return desired if current or (wish and wish.value) else _without_username(desired, name)
    if current is None:
        new = host.username_for(desired) or neutral_name(desired.claims.external_id)
        return _with_field(desired, name, _free_username(new, crowded, None, among))
    wanted = wish_from(str(wish.value)) if wish and wish.sync is SyncMode.ALWAYS else ""
    if not wanted or is_variant(current.fields[name], wanted, max_length=_username_length()):
        return _without_field(desired, name)
    return _with_field(desired, name, _free_username(wanted, crowded, current.pk, among))


def _free_username(wish: str, crowded: bool, owner: Any, among: Q | None) -> str:
    field = user_fields.username_field()
    suffixes = (secrets.token_hex(4) for _ in range(10))
    names = candidates(wish, max_length=_username_length(), suffixes=suffixes, crowded=crowded)
    for candidate in names:
        if not user_fields.has_others(field, candidate, except_for=owner, among=among):
            return candidate
    raise IntegrityError("no free user name")


def _username_length() -> int:
    return user_fields.username_field().max_length or 150


def _with_field(desired: DesiredUser, name: str, value: Any) -> DesiredUser:
    return _with_fields(desired, {**desired.fields, name: DesiredValue(value=value)})


def _without_field(desired: DesiredUser, name: str) -> DesiredUser:
    return _with_fields(
        desired, {key: desired.fields[key] for key in desired.fields if key != name}
    )


def _with_fields(desired: DesiredUser, fields: Mapping[str, DesiredValue]) -> DesiredUser:
    return replace(desired, fields=MappingProxyType(fields))


def _without_username(desired: DesiredUser, name: str) -> DesiredUser:
    """Add the problem that a person has no usable e-mail address where that is the user name."""
    missing = Problem(reason=RefusalReason.REQUIRED_CLAIM_MISSING, field=name, detail="no value")
    problem = desired.unfit_of(name) or missing
    return replace(desired, problems=(*desired.problems, problem))
