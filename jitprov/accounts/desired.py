"""Work out what an account should look like: map the claims by the tenant's rules, settle the user name."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

from django.contrib.auth import get_user_model
from django.db import IntegrityError

from jitprov.host import user_fields
from jitprov.host.provisioner import Provisioner
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
from jitprov.provisioning.usernames import candidates, is_variant, wish_from


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


def desired_user(claims: Claims, rules: Rules) -> DesiredUser:
    """Map the claims by the rules, each value as the host's field stores it.

    :raises MappingError: the mapping does not make sense.
    """
    return user_fields.cleaned(map_claims(claims, rules.claim_rules, rules.group_rules))


def without_groups(desired: DesiredUser, refused: frozenset[int]) -> DesiredUser:
    """Return the wish without some groups, which are then neither given nor taken away."""
    return replace(
        desired,
        groups=None if desired.groups is None else desired.groups - refused,
        unknown_groups=desired.unknown_groups | refused,
        notes=(*desired.notes, Note.GROUP_NOT_ASSIGNABLE),
    )


def with_username(
    desired: DesiredUser, current: CurrentUser | None, host: Provisioner, *, crowded: bool
) -> DesiredUser:
    """Return the wish with its user name settled: a free one for a new person, the old one while it still fits.

    :param crowded: a name that was free a moment ago has been taken meanwhile: try less likely ones.
    :raises IntegrityError: every name that was tried is taken.
    """
    name = get_user_model().USERNAME_FIELD
    wish = desired.fields.get(name)
    if not user_fields.username_is_free_to_choose():
        return desired if current or (wish and wish.value) else _without_username(desired, name)
    if current is None:
        return _with_field(desired, name, _free_username(host.username_for(desired), crowded))
    wanted = wish_from(str(wish.value)) if wish and wish.sync is SyncMode.ALWAYS else None
    if wanted is None or is_variant(current.fields[name], wanted, max_length=_username_length()):
        return _without_field(desired, name)
    return _with_field(desired, name, _free_username(wanted, crowded))


def _free_username(wish: str, crowded: bool) -> str:
    users = get_user_model()._default_manager
    name = get_user_model().USERNAME_FIELD
    suffixes = (secrets.token_hex(4) for _ in range(10))
    names = candidates(wish, max_length=_username_length(), suffixes=suffixes, crowded=crowded)
    for candidate in names:
        if not users.filter(**{name: candidate}).exists():
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
    """Add the problem that a person has no e-mail address where that is the user name."""
    problem = Problem(reason=RefusalReason.REQUIRED_CLAIM_MISSING, field=name, detail="no value")
    return replace(desired, problems=(*desired.problems, problem))
