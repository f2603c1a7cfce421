"""The values of provisioning: from claims to a decision, each frozen and each with one maker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

Value: TypeAlias = str | int | bool | date | tuple[str, ...] | None
"""What a mapping can produce for a user field, before the field's own cleaning."""


def _empty() -> Mapping[Any, Any]:
    # A factory, because dataclasses take a read-only mapping for a mutable default before Python 3.12.
    return MappingProxyType({})


class Source(StrEnum):
    """Where claims come from."""

    SAML = "saml"


class SyncMode(StrEnum):
    """When a mapped value is written to the user field."""

    ALWAYS = "always"
    ON_CREATE = "on_create"
    IF_EMPTY = "if_empty"


class WhenEmpty(StrEnum):
    """What a claim without a value does to the user field."""

    KEEP = "keep"
    CLEAR = "clear"


class RefusalReason(StrEnum):
    """Why somebody may not come in, after the assertion itself was found good."""

    TENANT_DISABLED = "tenant_disabled"
    IDENTITY_PROVIDER_DISABLED = "identity_provider_disabled"
    SUBJECT_MISSING = "subject_missing"
    IDENTITY_DISABLED = "identity_disabled"
    ACCOUNT_DISABLED = "account_disabled"
    CREATION_DISABLED = "creation_disabled"
    LINKING_DISABLED = "linking_disabled"
    REQUIRED_CLAIM_MISSING = "required_claim_missing"
    INVALID_VALUE = "invalid_value"
    CONFLICT = "conflict"


class Note(StrEnum):
    """Something the tenant's admin should know about a sign-in that went well all the same."""

    GROUPS_OVERAGE = "groups_overage"
    """Entra had too many groups to send: nobody knows which, so groups were left alone."""
    GROUPS_ABSENT = "groups_absent"
    """A claim that group mappings read did not come: its groups were left alone."""
    GROUP_NOT_ASSIGNABLE = "group_not_assignable"
    """A group mapping names a group that the host does not let this tenant map to: it was not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a source says about one person, whatever the source. Made by that source's ``claims_from``."""

    source: Source
    external_id: str
    """The anchor. Empty when the claim that should carry it did not come."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=_empty, repr=False)
    """A claim that came without a value is there, with no values; one that did not come is not there."""
    active: bool | None = None
    """``None``: the source has no opinion, as SAML never has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transform:
    """One step of a mapping: a name from :data:`jitprov.provisioning.transforms.TRANSFORMS` and its parameters."""

    name: str
    parameters: Mapping[str, Any] = field(default_factory=_empty)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRule:
    """One row of a tenant's mapping: claims in, one user field out."""

    sources: tuple[str, ...]
    """Claim names; the first that has a value is used. Empty only if a transform makes a constant."""
    target: str
    transforms: tuple[Transform, ...] = ()
    sync: SyncMode = SyncMode.ALWAYS
    required: bool = False
    when_empty: WhenEmpty = WhenEmpty.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """Who has this value in this claim belongs to this group."""

    claim: str
    value: str
    group: int
    """Primary key of the Django group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredValue:
    """A value that the mapping wants in a user field."""

    value: Any
    sync: SyncMode = SyncMode.ALWAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Why a mapping could not produce what it must."""

    reason: RefusalReason
    field: str
    """The user field, by name."""
    detail: str = ""
    """For the tenant's admin; names claims and transforms, never values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """How one mapping came to its value: for previews and explanations, never for logs."""

    target: str
    source: str
    """The claim that was used; empty if none had a value."""
    received: tuple[str, ...]
    steps: tuple[tuple[str, Any], ...] = ()
    """Each transform's name with what it produced."""
    outcome: str = ""
    """``value``, ``keep``, ``clear`` or the reason of a problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredUser:
    """What the person's account should look like. Made by :func:`jitprov.provisioning.mapping.map_claims`."""

    claims: Claims
    fields: Mapping[str, DesiredValue] = field(default_factory=_empty)
    groups: frozenset[int] | None = None
    """``None``: no opinion, leave groups alone. Empty: take away all that we granted."""
    unknown_groups: frozenset[int] = frozenset()
    """Groups whose claim did not come: neither given nor taken away."""
    group_rules: Mapping[int, GroupRule] = field(default_factory=_empty)
    """For each group that is wanted, the rule that says so; the first, if several do."""
    active: bool | None = None
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    trace: tuple[TraceStep, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentUser:
    """The account as it is, read once."""

    pk: Any
    fields: Mapping[str, Any] = field(default_factory=_empty)
    """Values of the user fields that the mapping names."""
    active: bool = True
    privileged: bool = False
    """Staff or superuser."""
    linked: bool = True
    """An identity of this identity provider points at it."""
    identity_active: bool = True
    groups: frozenset[int] = frozenset()
    """Every group the person is in, whoever put them there."""
    granted: frozenset[int] = frozenset()
    """Groups that this identity was granted by jitprov."""
    granted_elsewhere: frozenset[int] = frozenset()
    """Groups that another identity of the same person was granted by jitprov."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What a tenant allows."""

    tenant_enabled: bool = True
    identity_provider_enabled: bool = True
    create_users: bool = True
    link_existing_users: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanges:
    """What happens to memberships and to the record of who granted them."""

    grant: frozenset[int] = frozenset()
    """To be recorded as granted by this identity."""
    revoke: frozenset[int] = frozenset()
    """No longer granted by this identity."""
    join: frozenset[int] = frozenset()
    leave: frozenset[int] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.grant or self.revoke or self.join or self.leave)


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The difference between the account as it is and as it should be."""

    fields: Mapping[str, Any] = field(default_factory=_empty)
    groups: GroupChanges = field(default_factory=GroupChanges)
    active: bool | None = None

    def __bool__(self) -> bool:
        return bool(self.fields or self.groups or self.active is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Make a new account."""

    desired: DesiredUser
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """Change the account that is there; nothing may be left to change."""

    pk: Any
    desired: DesiredUser
    changes: Changes
    link: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """Do not let the person in."""

    reason: RefusalReason
    fields: tuple[str, ...] = ()
    """The user fields that are the matter, if any."""


Decision: TypeAlias = Create | Update | Refuse
