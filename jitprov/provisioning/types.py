"""Define the values of provisioning, from claims to a decision, each frozen and made in one place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any, TypeAlias

Value: TypeAlias = str | int | bool | date | tuple[str, ...] | None
"""A value that a mapping can produce for a user field, before the field cleans it."""


def _empty() -> Mapping[Any, Any]:
    # A factory, because dataclasses take a read-only mapping for a mutable default before Python 3.12.
    return MappingProxyType({})


class Source(StrEnum):
    """The kinds of sources of claims."""

    SAML = "saml"
    SCIM = "scim"
    GRAPH = "graph"


class SyncMode(StrEnum):
    """The occasions on which a mapped value is written to the user field."""

    ALWAYS = "always"
    ON_CREATE = "on_create"
    IF_EMPTY = "if_empty"


class WhenEmpty(StrEnum):
    """The effects of a claim without a value on the user field."""

    KEEP = "keep"
    CLEAR = "clear"


class WhenInvalid(StrEnum):
    """The effects of a value that its user field does not accept."""

    KEEP = "keep"
    CLEAR = "clear"
    REFUSE = "refuse"


class RefusalReason(StrEnum):
    """The reasons to refuse somebody whose assertion was found good."""

    TENANT_DISABLED = "tenant_disabled"
    IDENTITY_PROVIDER_DISABLED = "identity_provider_disabled"
    SUBJECT_MISSING = "subject_missing"
    IDENTITY_DISABLED = "identity_disabled"
    LEAVING_DATE_PASSED = "leaving_date_passed"
    INACTIVE = "inactive"
    """The source says so of somebody who has no account, and gets none."""
    ACCOUNT_DISABLED = "account_disabled"
    CREATION_DISABLED = "creation_disabled"
    LINKING_DISABLED = "linking_disabled"
    ACCOUNT_PRIVILEGED = "account_privileged"
    REQUIRED_CLAIM_MISSING = "required_claim_missing"
    INVALID_VALUE = "invalid_value"
    CONFLICT = "conflict"
    ACCOUNT_INVALID = "account_invalid"
    GROUP_REQUIRED = "group_required"
    HOST_DENIED = "host_denied"


class Note(StrEnum):
    """Remarks for the tenant's admin on a sign-in that went well."""

    GROUPS_OVERAGE = "groups_overage"
    """Entra had too many groups to send: nobody knows which, so groups were left alone."""
    GROUPS_ABSENT = "groups_absent"
    """A claim that group mappings read did not come: its groups were left alone."""
    GROUPS_UNMATCHED = "groups_unmatched"
    """A claim that group mappings read came with values, and none of them is in any group mapping."""
    VALUE_NOT_USABLE = "value_not_usable"
    """A value did not fit its user field, which was kept or emptied, as its claim mapping says."""
    FIELD_NOT_MAPPABLE = "field_not_mappable"
    """A claim mapping writes a user field that the host does not let mappings write: it was left alone."""
    GROUP_NOT_ASSIGNABLE = "group_not_assignable"
    """A group mapping names a group that the host does not let this tenant map to: it was not given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """The statements of one source about one person. Made by the source's ``claims_from``."""

    source: Source
    external_id: str
    """The anchor. Empty when the claim that should carry it did not come."""
    values: Mapping[str, tuple[str, ...]] = field(default_factory=_empty, repr=False)
    """The values by claim. A claim that came without a value has none; a claim that did not come is absent."""
    unreadable: frozenset[str] = frozenset()
    """The claims with a value that is no text. A mapping that reads one is refused, because a part is not the whole."""
    active: bool | None = None
    """Whether the person may be active. ``None``: the source has no opinion, as SAML never has."""


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
    when_invalid: WhenInvalid = WhenInvalid.KEEP
    """What a value does that does not fit. Of a required row it refuses the person, whatever is said here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupRule:
    """One group mapping: a person with this value in this claim belongs to this group, or may come in, or both."""

    claim: str
    value: str
    group: int | None
    """Primary key of the Django group; ``None`` for a mapping that gives none."""
    transforms: tuple[Transform, ...] = ()
    """Steps that the values of the claim go through before they are compared."""
    admits: bool = False
    """Whether the person may come in by it. Where any rule says so, nobody comes in who matches none that does."""
    everybody: bool = False
    """Whether it is for everybody, whatever the claims say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredValue:
    """A value that the mapping wants in a user field."""

    value: Any
    sync: SyncMode = SyncMode.ALWAYS
    when_invalid: WhenInvalid = WhenInvalid.REFUSE
    """What is to be done if the user field does not accept the value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A user field for which the mapping could not produce a usable value."""

    reason: RefusalReason
    field: str
    """The user field, by name."""
    detail: str = ""
    """Text for the tenant's admin. It names claims and transforms, never values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceStep:
    """The way of one mapping to its value, for previews and explanations, never for logs."""

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
    """The account as the mapping wants it. Made by :func:`jitprov.provisioning.mapping.map_claims`."""

    claims: Claims
    fields: Mapping[str, DesiredValue] = field(default_factory=_empty)
    groups: frozenset[int] | None = None
    """The wanted groups. ``None``: no opinion, leave groups alone. Empty: take away all that we granted."""
    unknown_groups: frozenset[int] = frozenset()
    """Groups whose claim did not come. They are neither given nor taken away."""
    group_rules: Mapping[int, GroupRule] = field(default_factory=_empty)
    """The rule behind each wanted group; the first, if there are several."""
    outside: bool = False
    """Whether only members of certain groups may come in, and the claims do not say that the person is one."""
    active: bool | None = None
    problems: tuple[Problem, ...] = ()
    """What makes a refusal."""
    unfit: tuple[Problem, ...] = ()
    """What does not: values that did not fit, in fields that are kept or emptied then."""
    notes: tuple[Note, ...] = ()
    trace: tuple[TraceStep, ...] = ()

    def unfit_of(self, target: str) -> Problem | None:
        """Return the problem of a value that did not fit this field, and that makes no refusal."""
        return next((one for one in self.unfit if one.field == target), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class CurrentUser:
    """The account as it is, read once."""

    pk: Any
    fields: Mapping[str, Any] = field(default_factory=_empty)
    """Values of the user fields that the mapping names."""
    active: bool = True
    staff: bool = False
    """Whether the account is staff or superuser."""
    privileged: bool = False
    """Whether the account can do more than its tenant may decide about."""
    privilege_allowed: bool = False
    """Whether a superuser allowed that for this identity."""
    linked: bool = True
    """Whether an identity of this identity provider points at it."""
    identity_active: bool = True
    ended_by_directory: bool = False
    """Whether it was a directory that switched the identity off, so that a directory may switch it on."""
    left: bool = False
    """Whether the leaving date of the identity has passed."""
    groups: frozenset[int] = frozenset()
    """All groups of the person, whoever gave them."""
    granted: frozenset[int] = frozenset()
    """Groups that this identity was granted by jitprov."""
    granted_elsewhere: frozenset[int] = frozenset()
    """Groups that another identity of the same person was granted by jitprov."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """The switches of a tenant and its identity provider that a decision depends on."""

    tenant_enabled: bool = True
    identity_provider_enabled: bool = True
    create_users: bool = True
    link_existing_users: bool = False
    allow_privileged: bool = False
    """Whether people who can do more than the tenant may decide about come in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChanges:
    """Changes to memberships and to the record of who granted them."""

    grant: frozenset[int] = frozenset()
    """Groups to be recorded as granted by this identity."""
    revoke: frozenset[int] = frozenset()
    """Groups that this identity no longer grants."""
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
    """The decision to make a new account."""

    desired: DesiredUser
    changes: Changes


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """The decision to change an existing account. There may be nothing to change."""

    pk: Any
    desired: DesiredUser
    changes: Changes
    link: bool = False
    unwritten: Refuse | None = None
    """Why nothing is written of somebody but that they are inactive: what is wrong otherwise keeps nobody in."""


MAX_REFUSAL_TEXT = 500
"""Most characters that a refused person is told by the host or the tenant."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refuse:
    """The decision not to let the person in."""

    reason: RefusalReason | str
    """One of ours, or a code of the host's own: up to 30 lower-case letters, digits and underscores."""
    fields: tuple[str, ...] = ()
    """The user fields that caused it, if any."""
    text: str = ""
    """What the person is told besides, by the host; for ``group_required``, by the tenant."""


Decision: TypeAlias = Create | Update | Refuse
