from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from jitprov.provisioning.decide import decide, diff
from jitprov.provisioning.types import (
    Changes,
    Claims,
    Create,
    CurrentUser,
    Decision,
    DesiredUser,
    DesiredValue,
    GroupChanges,
    Policy,
    Problem,
    RefusalReason,
    Refuse,
    Source,
    SyncMode,
    Update,
)

STAFF, EDITORS, CHESS = 1, 2, 3


def desired(
    *,
    external_id: str = "mia",
    fields: Mapping[str, DesiredValue] | None = None,
    groups: set[int] | None = None,
    unknown: set[int] | None = None,
    active: bool | None = None,
    problems: tuple[Problem, ...] = (),
) -> DesiredUser:
    return DesiredUser(
        claims=Claims(source=Source.SAML, external_id=external_id),
        fields=fields or {},
        groups=None if groups is None else frozenset(groups),
        unknown_groups=frozenset(unknown or ()),
        active=active,
        problems=problems,
    )


def current(
    *,
    fields: Mapping[str, Any] | None = None,
    groups: set[int] | None = None,
    granted: set[int] | None = None,
    elsewhere: set[int] | None = None,
    **flags: bool,
) -> CurrentUser:
    return CurrentUser(
        pk=7,
        fields=fields or {},
        groups=frozenset(groups or ()),
        granted=frozenset(granted or ()),
        granted_elsewhere=frozenset(elsewhere or ()),
        **flags,
    )


def update(
    want: DesiredUser,
    *,
    link: bool = False,
    active: bool | None = None,
    fields: Mapping[str, Any] | None = None,
) -> Update:
    return Update(
        pk=7, desired=want, changes=Changes(fields=fields or {}, active=active), link=link
    )


MISSING = Problem(reason=RefusalReason.REQUIRED_CLAIM_MISSING, field="email")
INVALID = Problem(reason=RefusalReason.INVALID_VALUE, field="hired")
EMAIL = {"email": DesiredValue(value="mia@acme.example")}
NO_POLICY = Policy(tenant_enabled=False, identity_provider_enabled=False, create_users=False)
LINKING = Policy(link_existing_users=True)


@pytest.mark.parametrize(
    ("want", "have", "policy", "taken", "expected"),
    [
        pytest.param(
            desired(external_id=""),
            None,
            NO_POLICY,
            (),
            Refuse(reason=RefusalReason.TENANT_DISABLED),
            id="a tenant that is switched off is the first thing to be told",
        ),
        pytest.param(
            desired(external_id=""),
            None,
            Policy(identity_provider_enabled=False),
            (),
            Refuse(reason=RefusalReason.IDENTITY_PROVIDER_DISABLED),
            id="an identity provider that is switched off lets nobody in",
        ),
        pytest.param(
            desired(external_id=""),
            current(active=False, identity_active=False),
            Policy(),
            (),
            Refuse(reason=RefusalReason.SUBJECT_MISSING),
            id="without an anchor nobody is anybody",
        ),
        pytest.param(
            desired(),
            current(identity_active=False, active=False),
            Policy(),
            (),
            Refuse(reason=RefusalReason.IDENTITY_DISABLED),
            id="an identity that its directory switched off is told before the account",
        ),
        pytest.param(
            desired(active=True),
            current(identity_active=False),
            Policy(),
            (),
            Refuse(reason=RefusalReason.IDENTITY_DISABLED),
            id="a directory does not bring back whom a person switched off",
        ),
        pytest.param(
            desired(active=True),
            current(active=False),
            Policy(),
            (),
            Refuse(reason=RefusalReason.ACCOUNT_DISABLED),
            id="a directory does not switch on an account that it did not switch off",
        ),
        pytest.param(
            desired(active=True),
            current(identity_active=False, ended_by_directory=True, left=True),
            Policy(),
            (),
            Refuse(reason=RefusalReason.LEAVING_DATE_PASSED),
            id="a leaving date counts for a directory too",
        ),
        pytest.param(
            desired(),
            current(identity_active=False, ended_by_directory=True),
            Policy(),
            (),
            Refuse(reason=RefusalReason.IDENTITY_DISABLED),
            id="a sign-in does not bring back whom a directory switched off",
        ),
        pytest.param(
            desired(),
            current(left=True),
            Policy(),
            (),
            Refuse(reason=RefusalReason.LEAVING_DATE_PASSED),
            id="nobody comes in after their leaving date",
        ),
        pytest.param(
            desired(active=False),
            None,
            Policy(),
            (),
            Refuse(reason=RefusalReason.INACTIVE),
            id="an unknown person who is inactive gets no account",
        ),
        pytest.param(
            desired(active=False),
            current(linked=False),
            LINKING,
            (),
            Refuse(reason=RefusalReason.INACTIVE),
            id="an inactive person is not linked to an account from before",
        ),
        pytest.param(
            desired(active=False, external_id=""),
            None,
            Policy(),
            (),
            Refuse(reason=RefusalReason.SUBJECT_MISSING),
            id="without an anchor nobody is inactive either",
        ),
        pytest.param(
            desired(problems=(MISSING,)),
            current(active=False),
            Policy(),
            (),
            Refuse(reason=RefusalReason.ACCOUNT_DISABLED),
            id="a sign-in does not bring a disabled account back",
        ),
        pytest.param(
            desired(),
            current(active=False, linked=False),
            LINKING,
            (),
            Refuse(reason=RefusalReason.ACCOUNT_DISABLED),
            id="a disabled account cannot be linked by signing in",
        ),
        pytest.param(
            desired(problems=(MISSING,)),
            current(linked=False),
            Policy(),
            (),
            Refuse(reason=RefusalReason.LINKING_DISABLED),
            id="the same e-mail address is not enough to take over an account",
        ),
        pytest.param(
            desired(),
            current(linked=False, staff=True),
            LINKING,
            (),
            Refuse(reason=RefusalReason.LINKING_DISABLED),
            id="a staff account is never linked, whatever the policy",
        ),
        pytest.param(
            desired(problems=(MISSING,)),
            current(privileged=True),
            Policy(),
            (),
            Refuse(reason=RefusalReason.ACCOUNT_PRIVILEGED),
            id="who can do more than the tenant may decide about does not come in by it",
        ),
        pytest.param(
            desired(),
            current(privileged=True, privilege_allowed=True),
            Policy(),
            (),
            update(desired()),
            id="unless it was allowed for this identity",
        ),
        pytest.param(
            desired(),
            current(privileged=True),
            Policy(allow_privileged=True),
            (),
            update(desired()),
            id="or for the whole identity provider",
        ),
        pytest.param(
            desired(active=True),
            current(linked=False, active=False),
            Policy(),
            (),
            Refuse(reason=RefusalReason.LINKING_DISABLED),
            id="a directory with an opinion cannot wake up an account that is not its own",
        ),
        pytest.param(
            desired(problems=(MISSING,)),
            None,
            Policy(create_users=False),
            (),
            Refuse(reason=RefusalReason.CREATION_DISABLED),
            id="nobody new comes in where creation is off",
        ),
        pytest.param(
            desired(fields=EMAIL, problems=(INVALID, MISSING, INVALID)),
            None,
            Policy(),
            ("email",),
            Refuse(reason=RefusalReason.INVALID_VALUE, fields=("hired", "hired")),
            id="a problem refuses a new person, with all fields that have the first one's reason",
        ),
        pytest.param(
            desired(problems=(MISSING,)),
            current(),
            Policy(),
            (),
            Refuse(reason=RefusalReason.REQUIRED_CLAIM_MISSING, fields=("email",)),
            id="a problem refuses a known person too",
        ),
        pytest.param(
            desired(fields=EMAIL | {"badge": DesiredValue(value=4)}),
            None,
            Policy(),
            ("email", "badge", "username"),
            Refuse(reason=RefusalReason.CONFLICT, fields=("badge", "email")),
            id="a new person cannot have what is somebody else's",
        ),
        pytest.param(
            desired(fields=EMAIL),
            current(fields={"email": "old@acme.example"}),
            Policy(),
            ("email",),
            Refuse(reason=RefusalReason.CONFLICT, fields=("email",)),
            id="a known person cannot be renamed to somebody else",
        ),
    ],
)
def test_the_first_reason_that_holds_refuses(
    want: DesiredUser,
    have: CurrentUser | None,
    policy: Policy,
    taken: tuple[str, ...],
    expected: Decision,
) -> None:
    assert decide(want, have, policy, frozenset(taken)) == expected


ON_CREATE = {"email": DesiredValue(value="mia@acme.example", sync=SyncMode.ON_CREATE)}


@pytest.mark.parametrize(
    ("want", "have", "policy", "taken", "expected"),
    [
        pytest.param(
            desired(),
            current(staff=True),
            Policy(create_users=False),
            (),
            update(desired()),
            id="a known person comes in where creation is off, staff or not",
        ),
        pytest.param(
            desired(),
            current(linked=False),
            LINKING,
            (),
            update(desired(), link=True),
            id="an ordinary account is linked where the policy says so",
        ),
        pytest.param(
            desired(fields=ON_CREATE),
            current(fields={"email": "old@acme.example"}),
            Policy(),
            ("email",),
            update(desired(fields=ON_CREATE)),
            id="a value that would not be written is in nobody's way",
        ),
        pytest.param(
            desired(active=False),
            current(),
            Policy(),
            (),
            update(desired(active=False), active=False),
            id="a directory that says inactive deactivates, and is not refused",
        ),
        pytest.param(
            desired(active=True),
            current(active=False, identity_active=False, ended_by_directory=True),
            Policy(),
            (),
            update(desired(active=True), active=True),
            id="a directory that says active brings its own person back",
        ),
    ],
)
def test_an_account_that_may_come_in_is_updated(
    want: DesiredUser,
    have: CurrentUser,
    policy: Policy,
    taken: tuple[str, ...],
    expected: Decision,
) -> None:
    assert decide(want, have, policy, frozenset(taken)) == expected


@pytest.mark.parametrize(
    ("want", "changes"),
    [
        pytest.param(desired(), Changes(), id="a person of whom only the anchor is known"),
        pytest.param(
            desired(fields=EMAIL | {"title": DesiredValue(value="", sync=SyncMode.IF_EMPTY)}),
            Changes(fields={"email": "mia@acme.example", "title": ""}),
            id="all fields are written, whatever their mode",
        ),
        pytest.param(
            desired(groups={STAFF}),
            Changes(groups=GroupChanges(grant=frozenset({STAFF}), join=frozenset({STAFF}))),
            id="groups are granted and joined",
        ),
        pytest.param(desired(active=True), Changes(), id="active without being told"),
    ],
)
def test_somebody_without_an_account_is_created(want: DesiredUser, changes: Changes) -> None:
    assert decide(want, None, Policy()) == Create(desired=want, changes=changes)


@pytest.mark.parametrize(
    ("sync", "wanted", "present", "changed"),
    [
        pytest.param(SyncMode.ALWAYS, "new", "old", True, id="always: another value is written"),
        pytest.param(SyncMode.ALWAYS, "same", "same", False, id="always: the same is not"),
        pytest.param(SyncMode.ALWAYS, "", "old", True, id="always: a value is cleared"),
        pytest.param(SyncMode.ALWAYS, "", None, False, id="always: '' and NULL are both empty"),
        pytest.param(SyncMode.ALWAYS, False, None, True, id="always: False is not empty"),
        pytest.param(SyncMode.ALWAYS, 0, "", True, id="always: 0 is not empty"),
        pytest.param(
            SyncMode.ON_CREATE, "new", "", False, id="on create: never again, even if empty"
        ),
        pytest.param(SyncMode.IF_EMPTY, "new", "old", False, id="if empty: what is there stays"),
        pytest.param(SyncMode.IF_EMPTY, "new", 0, False, id="if empty: 0 is there"),
        pytest.param(SyncMode.IF_EMPTY, "new", None, True, id="if empty: NULL is filled"),
        pytest.param(SyncMode.IF_EMPTY, "new", "", True, id="if empty: '' is filled"),
        pytest.param(SyncMode.IF_EMPTY, "new", (), True, id="if empty: an empty list is filled"),
    ],
)
def test_a_value_is_written_as_its_sync_mode_says(
    sync: SyncMode, wanted: object, present: object, changed: bool
) -> None:
    want = desired(fields={"title": DesiredValue(value=wanted, sync=sync)})
    expected = {"title": wanted} if changed else {}
    assert diff(want, current(fields={"title": present})) == Changes(fields=expected)


def groups(**changes: set[int]) -> GroupChanges:
    return GroupChanges(**{name: frozenset(value) for name, value in changes.items()})


@pytest.mark.parametrize(
    ("want", "have", "expected"),
    [
        pytest.param(
            desired(groups=None),
            current(groups={STAFF}, granted={STAFF}),
            groups(),
            id="a source that does not speak of groups leaves them alone",
        ),
        pytest.param(
            desired(groups=set()),
            current(groups={STAFF, CHESS}, granted={STAFF}),
            groups(revoke={STAFF}, leave={STAFF}),
            id="no groups at all: what we granted goes, what was put there by hand stays",
        ),
        pytest.param(
            desired(groups={STAFF}),
            current(),
            groups(grant={STAFF}, join={STAFF}),
            id="a wanted group is granted and joined",
        ),
        pytest.param(
            desired(groups={STAFF}),
            current(groups={STAFF}),
            groups(),
            id="somebody put there by hand stays, and it is not recorded as granted",
        ),
        pytest.param(
            desired(groups={STAFF}),
            current(groups={STAFF}, granted={STAFF}),
            groups(),
            id="what is granted already is not granted again",
        ),
        pytest.param(
            desired(groups={STAFF}),
            current(granted={STAFF}),
            groups(join={STAFF}),
            id="a granted membership that was removed by hand comes back",
        ),
        pytest.param(
            desired(groups=set()),
            current(granted={STAFF}),
            groups(revoke={STAFF}),
            id="a granted membership that was removed by hand is only struck off",
        ),
        pytest.param(
            desired(groups={STAFF}),
            current(groups={STAFF}, elsewhere={STAFF}),
            groups(grant={STAFF}),
            id="what another identity was granted is recorded for this one too",
        ),
        pytest.param(
            desired(groups=set()),
            current(groups={STAFF}, granted={STAFF}, elsewhere={STAFF}),
            groups(revoke={STAFF}),
            id="what another identity still has is not left",
        ),
        pytest.param(
            desired(groups=set(), unknown={EDITORS}),
            current(groups={STAFF, EDITORS}, granted={STAFF, EDITORS}),
            groups(revoke={STAFF}, leave={STAFF}),
            id="a group whose claim did not come is not taken away",
        ),
    ],
)
def test_groups_change_as_wanted_and_those_given_by_hand_stay(
    want: DesiredUser, have: CurrentUser, expected: GroupChanges
) -> None:
    assert diff(want, have) == Changes(groups=expected)


@pytest.mark.parametrize(
    ("wanted", "active", "identity_active", "change"),
    [
        pytest.param(None, True, True, None, id="no opinion changes nothing"),
        pytest.param(None, False, False, None, id="no opinion wakes nobody up"),
        pytest.param(True, True, True, None, id="active already"),
        pytest.param(True, False, True, None, id="an account that staff switched off stays off"),
        pytest.param(
            True, True, False, None, id="an identity that a person switched off stays off"
        ),
        pytest.param(False, True, True, False, id="the identity goes to sleep"),
        pytest.param(
            False, False, True, False, id="the identity goes to sleep, the account did before"
        ),
        pytest.param(
            False, True, False, None, id="asleep already; another identity keeps the account awake"
        ),
    ],
)
def test_only_a_source_with_an_opinion_changes_who_is_active(
    wanted: bool | None, active: bool, identity_active: bool, change: bool | None
) -> None:
    have = current(active=active, identity_active=identity_active)
    assert diff(desired(active=wanted), have) == Changes(active=change)


def test_a_directory_wakes_up_whom_a_directory_put_to_sleep() -> None:
    have = current(active=False, identity_active=False, ended_by_directory=True)
    assert diff(desired(active=True), have) == Changes(active=True)


@pytest.mark.parametrize(
    ("want", "policy", "taken", "reason"),
    [
        ({"problems": (MISSING,)}, Policy(), (), RefusalReason.REQUIRED_CLAIM_MISSING),
        ({"fields": EMAIL}, Policy(), ("email",), RefusalReason.CONFLICT),
        (
            {},
            Policy(identity_provider_enabled=False),
            (),
            RefusalReason.IDENTITY_PROVIDER_DISABLED,
        ),
        ({}, Policy(tenant_enabled=False), (), RefusalReason.TENANT_DISABLED),
    ],
)
def test_nothing_that_is_wrong_otherwise_keeps_somebody_in(
    want: Any, policy: Policy, taken: tuple[str, ...], reason: RefusalReason
) -> None:
    wanted = desired(active=False, **want)
    decision = decide(wanted, current(), policy, frozenset(taken))
    assert isinstance(decision, Update)
    assert decision.changes == Changes(active=False)
    assert decision.unwritten is not None
    assert decision.unwritten.reason is reason


def test_an_account_above_the_tenant_leaves_all_the_same() -> None:
    decision = decide(desired(active=False), current(privileged=True), Policy())
    assert isinstance(decision, Update)
    assert decision.changes == Changes(active=False)


def test_the_groups_of_somebody_who_leaves_stay_on_record() -> None:
    want = desired(groups={STAFF}, active=False)
    assert diff(want, current(groups={CHESS}, granted={CHESS})) == Changes(active=False)


def test_a_change_that_was_applied_leaves_nothing_to_change() -> None:
    want = desired(fields=EMAIL, groups={STAFF}, active=True)
    have = current(fields={"email": "mia@acme.example"}, groups={STAFF}, granted={STAFF})
    assert not diff(want, have)
