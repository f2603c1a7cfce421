"""Decide what should happen to an account, without reading or writing anything."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from jitprov.provisioning.types import (
    Changes,
    Create,
    CurrentUser,
    Decision,
    DesiredUser,
    DesiredValue,
    GroupChanges,
    Policy,
    RefusalReason,
    Refuse,
    SyncMode,
    Update,
)

_EMPTY_VALUES = (None, "", ())


def decide(
    desired: DesiredUser,
    current: CurrentUser | None,
    policy: Policy,
    taken: frozenset[str] = frozenset(),
) -> Decision:
    """Decide whether an account is created, updated or refused.

    ``current`` is the account that the anchor leads to, or one that could be linked, or ``None``. ``taken``
    names the unique user fields whose wanted value belongs to somebody else. The order of the reasons is
    part of the contract: the first that holds is the one that is reported.

    >>> from jitprov.provisioning.types import Claims, Source
    >>> ann = DesiredUser(claims=Claims(source=Source.SAML, external_id="4711"))
    >>> decide(ann, None, Policy(create_users=False)).reason.value
    'creation_disabled'
    >>> decide(ann, CurrentUser(pk=1, active=False), Policy()).reason.value
    'account_disabled'
    >>> type(decide(ann, None, Policy())).__name__
    'Create'

    A source that says that somebody is inactive is never refused for somebody whom it knows: what is wrong otherwise
    is said in ``unwritten``. Whoever it does not know gets no account.
    """
    if desired.active is not False:
        return _decide(desired, current, policy, taken)
    if current is None or not current.linked:
        return Refuse(reason=_closed(desired, policy) or RefusalReason.INACTIVE)
    decision = _decide(desired, current, policy, taken)
    return only_inactive(desired, current, decision) if isinstance(decision, Refuse) else decision


def _decide(
    desired: DesiredUser, current: CurrentUser | None, policy: Policy, taken: frozenset[str]
) -> Decision:
    reason = _closed(desired, policy) or _shut_out(desired, current, policy)
    if reason:
        return Refuse(reason=reason)
    changes = diff(desired, current)
    if refusal := _unfit(desired, changes, taken):
        return refusal
    if current is None:
        return Create(desired=desired, changes=changes)
    return Update(pk=current.pk, desired=desired, changes=changes, link=not current.linked)


def only_inactive(desired: DesiredUser, current: CurrentUser, refusal: Refuse) -> Update:
    """Return the decision that somebody becomes inactive, and that nothing else of them is written."""
    changes = Changes(active=_active_change(False, current))
    return Update(pk=current.pk, desired=desired, changes=changes, unwritten=refusal)


def diff(desired: DesiredUser, current: CurrentUser | None) -> Changes:
    """Return the changes that remain: falsy if there are none, everything for an account that is yet to be made."""
    return Changes(
        fields=_field_changes(desired.fields, current),
        groups=_group_changes(desired, current),
        active=_active_change(desired.active, current),
    )


def _closed(desired: DesiredUser, policy: Policy) -> RefusalReason | None:
    """Return the reason to refuse that does not depend on the account, if there is one."""
    if not policy.tenant_enabled:
        return RefusalReason.TENANT_DISABLED
    if not policy.identity_provider_enabled:
        return RefusalReason.IDENTITY_PROVIDER_DISABLED
    if not desired.claims.external_id:
        return RefusalReason.SUBJECT_MISSING
    return RefusalReason.GROUP_REQUIRED if desired.outside else None


def _shut_out(
    desired: DesiredUser, current: CurrentUser | None, policy: Policy
) -> RefusalReason | None:
    """Return the reason to refuse that lies in the account or in its absence, if there is one."""
    if current is None:
        return None if policy.create_users else RefusalReason.CREATION_DISABLED
    if reason := _switched_off(current, desired.active):
        return reason
    if not current.linked and not _may_link(current, policy):
        return RefusalReason.LINKING_DISABLED
    if current.privileged and not (current.privilege_allowed or policy.allow_privileged):
        # Who runs a tenant's directory can sign in as anybody in it, and would have all that this person may do.
        return RefusalReason.ACCOUNT_PRIVILEGED
    return None


def _switched_off(current: CurrentUser, wanted: bool | None) -> RefusalReason | None:
    if wanted is False or (wanted is True and not current.linked):
        return None
    if current.left:
        return RefusalReason.LEAVING_DATE_PASSED
    if not current.identity_active:
        return None if _comes_back(wanted, current) else RefusalReason.IDENTITY_DISABLED
    return None if current.active else RefusalReason.ACCOUNT_DISABLED


def _comes_back(wanted: bool | None, current: CurrentUser) -> bool:
    # Only a source with an opinion on who is active switches somebody on again, and only whom such a one switched off.
    # A sign-in has none, and whom a person switched off, a person switches on.
    return wanted is True and not current.identity_active and current.ended_by_directory


def _may_link(current: CurrentUser, policy: Policy) -> bool:
    # Who runs a tenant's directory could otherwise name themselves after one of our own administrators.
    return policy.link_existing_users and not current.staff


def _unfit(desired: DesiredUser, changes: Changes, taken: frozenset[str]) -> Refuse | None:
    """Return a refusal if there are values that may not be written."""
    if desired.problems:
        reason = desired.problems[0].reason
        fields = (problem.field for problem in desired.problems if problem.reason is reason)
        return Refuse(reason=reason, fields=tuple(fields))
    # A value that would not be written cannot conflict with anybody's.
    if conflicts := tuple(sorted(taken & changes.fields.keys())):
        return Refuse(reason=RefusalReason.CONFLICT, fields=conflicts)
    return None


def _field_changes(
    wanted: Mapping[str, DesiredValue], current: CurrentUser | None
) -> Mapping[str, Any]:
    return MappingProxyType(
        {
            name: item.value
            for name, item in wanted.items()
            if current is None or _is_to_be_written(item, current.fields.get(name))
        }
    )


def _is_to_be_written(item: DesiredValue, present: Any) -> bool:
    if item.sync is SyncMode.ON_CREATE:
        return False
    if item.sync is SyncMode.IF_EMPTY and not _is_empty(present):
        return False
    # One empty value is as good as another: NULL against "" would be a change on every sign-in.
    return bool(item.value != present) and not (_is_empty(item.value) and _is_empty(present))


def _is_empty(value: Any) -> bool:
    # Not "falsy": False and 0 are values that somebody gave.
    return value in _EMPTY_VALUES


def _group_changes(desired: DesiredUser, current: CurrentUser | None) -> GroupChanges:
    if desired.groups is None or desired.active is False:
        # Whoever leaves keeps the groups on record for a return.
        return GroupChanges()
    wanted, now = desired.groups, current or CurrentUser(pk=None)
    # Memberships given by hand stay. They are never recorded as ours, or we would take them away one day.
    manual = now.groups - now.granted - now.granted_elsewhere
    revoke = now.granted - wanted - desired.unknown_groups
    return GroupChanges(
        grant=wanted - now.granted - manual,
        revoke=revoke,
        # A membership that we granted and somebody removed by hand comes back, because the directory says so.
        join=wanted - now.groups,
        leave=(revoke & now.groups) - now.granted_elsewhere,
    )


def _active_change(wanted: bool | None, current: CurrentUser | None) -> bool | None:
    if current is None:
        return None  # new accounts are active, and nobody inactive gets one
    if wanted is False and current.identity_active:
        return False
    return True if _comes_back(wanted, current) else None
