"""From claims to rows: what is written, what is left alone, and who is refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.db import IntegrityError, OperationalError

from jitprov.exceptions import ConfigurationError
from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    GrantedGroup,
    IdentityProvider,
    ProvisioningEvent,
)
from jitprov.provisioner import (
    Provisioner,
    ProvisioningRefused,
    TryAgain,
    preview,
    provision,
)
from jitprov.provisioning.groups import GROUPS_OVERAGE_CLAIM
from jitprov.provisioning.types import (
    Claims,
    Create,
    DesiredUser,
    RefusalReason,
    Refuse,
    Source,
    Update,
)
from jitprov.signals import account_provisioned, login_refused
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import EMAIL_CLAIM, GROUPS_CLAIM, NAME_CLAIM
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    UserFactory,
    connected,
    map_group,
)

pytestmark = pytest.mark.django_db

User = get_user_model()
ROLES = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"


@pytest.fixture
def idp() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme")


def ann(external_id: str = "ann-1") -> Claims:
    given: dict[str, tuple[str, ...]] = {
        EMAIL_CLAIM: ("ann@acme.example",),
        NAME_CLAIM: ("ann",),
    }
    return Claims(source=Source.SAML, external_id=external_id, values=given)


def claims(values: Mapping[str, tuple[str, ...]]) -> Claims:
    return Claims(source=Source.SAML, external_id="ann-1", values={NAME_CLAIM: ("ann",), **values})


def refused(idp: IdentityProvider, what: Claims) -> str:
    with pytest.raises(ProvisioningRefused) as caught:
        provision(idp, what)
    assert caught.value.reference == ProvisioningEvent.objects.latest("pk").reference
    return caught.value.code


def add_mapping(idp: IdentityProvider, target: str, **columns: Any) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp, target=target, **{"sources": target, "position": 50, **columns}
    )


# Values


def test_values_are_stored_as_their_fields_store_them(idp: IdentityProvider) -> None:
    add_mapping(idp, "floor")
    add_mapping(idp, "born_on")
    add_mapping(idp, "is_contractor", transforms=[{"name": "boolean"}])
    add_mapping(idp, "language", transforms=[{"name": "lower"}])
    values = {
        "floor": ("3",),
        "born_on": ("1990-02-03",),
        "is_contractor": ("Yes",),
        "language": ("DE",),
    }
    user: Any = provision(idp, claims(values)).user
    user.refresh_from_db()
    assert (user.floor, str(user.born_on), user.is_contractor, user.language) == (
        3,
        "1990-02-03",
        True,
        "de",
    )


def test_unchanged_values_are_not_written(idp: IdentityProvider) -> None:
    add_mapping(idp, "floor")
    provision(idp, claims({"floor": ("3",)}))
    assert provision(idp, claims({"floor": ("3",)})).event.outcome == "unchanged"


def test_a_missing_required_claim_is_a_refusal(idp: IdentityProvider) -> None:
    add_mapping(idp, "department", required=True)
    assert refused(idp, ann()) == "required_claim_missing"


def test_an_empty_claim_empties_the_field_only_if_the_row_says_so(
    idp: IdentityProvider,
) -> None:
    add_mapping(idp, "department", when_empty="clear")
    add_mapping(idp, "job_title")
    add_mapping(idp, "employee_number", when_empty="clear")
    provision(
        idp, claims({"department": ("Ops",), "job_title": ("Chief",), "employee_number": ("7",)})
    )
    user: Any = provision(idp, claims({"department": (), "job_title": ()})).user
    user.refresh_from_db()
    assert (user.department, user.job_title, user.employee_number) == ("", "Chief", None)


def test_a_unique_value_of_another_user_is_a_conflict(idp: IdentityProvider) -> None:
    UserFactory.create(employee_number="7")
    add_mapping(idp, "employee_number")
    assert refused(idp, claims({"employee_number": ("7",)})) == "conflict"
    assert ProvisioningEvent.objects.get().changed_fields == ["employee_number"]


@pytest.mark.parametrize("target", ["mentor", "badge", "id", "nothing"])
def test_a_stored_row_with_an_unmappable_field_leaves_the_field_alone(
    idp: IdentityProvider, target: str
) -> None:
    add_mapping(idp, target, required=True)
    result = provision(idp, claims({target: ("1",)}))
    assert result.event.notes == ["field_not_mappable"]
    assert result.user.mentor is None  # type: ignore[attr-defined]
    assert result.user.badge == ""  # type: ignore[attr-defined]
    provision(idp, claims({}))


def test_a_field_that_is_not_allowed_any_more_is_left_as_it_is(
    idp: IdentityProvider, settings: Any
) -> None:
    add_mapping(idp, "department")
    user: Any = provision(idp, claims({"department": ("Sales",)})).user
    del settings.JITPROV_MAPPABLE_FIELDS
    result = provision(idp, claims({"department": ("Finance",)}))
    assert (result.event.outcome, result.event.notes) == ("unchanged", ["field_not_mappable"])
    user.refresh_from_db()
    assert user.department == "Sales"


@pytest.mark.parametrize("target", ["is_superuser", "is_staff", "password", "groups", "is_active"])
def test_the_database_refuses_rows_with_forbidden_fields(
    idp: IdentityProvider, target: str
) -> None:
    with pytest.raises(IntegrityError):
        add_mapping(idp, target)


# User names


def test_a_user_name_is_generated_from_the_email_address_if_none_is_mapped(
    idp: IdentityProvider,
) -> None:
    ClaimMapping.objects.filter(target="username").delete()
    user: Any = provision(idp, ann()).user
    assert user.username == "ann"


@pytest.mark.parametrize(
    ("wish", "username"),
    [
        pytest.param(
            "james_contoso.com#EXT#@fabrikam.onmicrosoft.com",
            "james_contoso.com@fabrikam.onmicrosoft.com",
            id="Entra's mark of a guest",
        ),
        pytest.param("ACME\\ann", "ann", id="a Windows account name"),
        pytest.param("Ann Archer", "Ann.Archer", id="a display name"),
        pytest.param("x" * 400, "x" * 150, id="longer than the field"),
    ],
)
def test_a_user_name_is_made_to_fit_its_field(
    idp: IdentityProvider, wish: str, username: str
) -> None:
    for outcome in ("created", "unchanged"):
        result = provision(idp, claims({NAME_CLAIM: (wish,)}))
        assert (result.user.get_username(), result.event.outcome) == (username, outcome)


def test_colliding_user_names_stay_readable(idp: IdentityProvider) -> None:
    names = [provision(idp, ann(f"id-{number}")).user.get_username() for number in range(12)]
    assert len(set(names)) == 12
    assert names[:3] == ["ann", "ann-2", "ann-3"]
    assert all(name.startswith("ann-") for name in names[1:])


def test_a_user_name_of_the_hosts_own_user_is_not_taken_over(idp: IdentityProvider) -> None:
    UserFactory.create(username="ann", is_superuser=True)
    assert provision(idp, ann()).user.get_username() == "ann-2"


@pytest.mark.parametrize("wish", ["ADMIN", "Admin", "\uff21\uff24\uff2d\uff29\uff2e"])
def test_a_user_name_is_not_free_beside_one_that_reads_the_same(
    idp: IdentityProvider, wish: str
) -> None:
    UserFactory.create(username="admin", is_superuser=True)
    name = provision(idp, claims({NAME_CLAIM: (wish,)})).user.get_username()
    assert name.lower() == "admin-2"
    assert provision(idp, claims({NAME_CLAIM: (wish,)})).user.get_username() == name


def test_a_person_may_be_spelled_otherwise_later(idp: IdentityProvider) -> None:
    provision(idp, claims({NAME_CLAIM: ("Ann",)}))
    assert provision(idp, claims({NAME_CLAIM: ("ann",)})).user.get_username() == "ann"
    assert provision(idp, claims({NAME_CLAIM: ("ANN",)})).user.get_username() == "ANN"


# Groups


@pytest.fixture
def staff(idp: IdentityProvider) -> Group:
    return map_group(idp, "g-staff")


def groups_of(user: AbstractBaseUser) -> set[Group]:
    return set(Group.objects.filter(user=user.pk))


def test_groups_are_joined_and_left_as_the_claim_changes(
    idp: IdentityProvider, staff: Group
) -> None:
    user = provision(idp, claims({GROUPS_CLAIM: ("g-staff", "g-unmapped")})).user
    assert groups_of(user) == {staff}
    event = provision(idp, claims({GROUPS_CLAIM: ("g-unmapped",)})).event
    assert groups_of(user) == set()
    assert event.changed_fields == ["groups"]
    assert not GrantedGroup.objects.exists()


def test_memberships_given_by_hand_stay(idp: IdentityProvider, staff: Group) -> None:
    user: Any = provision(idp, claims({GROUPS_CLAIM: ()})).user
    by_hand = GroupFactory.create()
    user.groups.add(by_hand, staff)
    provision(idp, claims({GROUPS_CLAIM: ("g-staff",)}))
    provision(idp, claims({GROUPS_CLAIM: ()}))
    assert groups_of(user) == {by_hand, staff}


@pytest.mark.parametrize(
    ("values", "note"),
    [
        pytest.param(
            {GROUPS_OVERAGE_CLAIM: ("https://x",)}, "groups_overage", id="too many to send"
        ),
        pytest.param({}, "groups_absent", id="the claim did not come"),
    ],
)
def test_groups_stay_with_a_note_if_they_are_not_known(
    idp: IdentityProvider, staff: Group, values: dict[str, tuple[str, ...]], note: str
) -> None:
    provision(idp, claims({GROUPS_CLAIM: ("g-staff",)}))
    result = provision(idp, claims(values))
    assert groups_of(result.user) == {staff}
    assert result.event.notes == [note]


def test_another_identity_of_the_same_person_keeps_its_own_grants(
    idp: IdentityProvider, staff: Group
) -> None:
    user = provision(idp, claims({GROUPS_CLAIM: ("g-staff",)})).user
    other = ExternalIdentityFactory.create(user=user)
    GrantedGroup.objects.create(identity=other, group=staff)
    provision(idp, claims({GROUPS_CLAIM: ()}))
    assert groups_of(user) == {staff}
    assert [grant.identity for grant in GrantedGroup.objects.all()] == [other]


def test_a_granted_membership_that_was_removed_by_hand_is_granted_again(
    idp: IdentityProvider, staff: Group
) -> None:
    user: Any = provision(idp, claims({GROUPS_CLAIM: ("g-staff",)})).user
    user.groups.clear()
    provision(idp, claims({GROUPS_CLAIM: ("g-staff",)}))
    assert groups_of(user) == {staff}


# Who may not come in


def test_a_new_person_is_refused_if_creating_is_off(idp: IdentityProvider) -> None:
    idp.create_users = False
    assert refused(idp, ann()) == "creation_disabled"


def test_a_disabled_account_and_a_disabled_identity_are_refused(idp: IdentityProvider) -> None:
    user = provision(idp, ann()).user
    ExternalIdentity.objects.update(active=False)
    assert refused(idp, ann()) == "identity_disabled"
    assert ProvisioningEvent.objects.latest("pk").user_id == user.pk
    ExternalIdentity.objects.update(active=True)
    User.objects.update(is_active=False)
    assert refused(idp, ann()) == "account_disabled"


def test_claims_without_an_anchor_are_refused(idp: IdentityProvider) -> None:
    assert refused(idp, ann("")) == "subject_missing"


def test_an_inactive_tenant_is_refused(idp: IdentityProvider) -> None:
    idp.tenant.is_active = False  # type: ignore[attr-defined]
    assert refused(idp, ann()) == "tenant_disabled"


def test_the_same_email_address_does_not_link_an_account(idp: IdentityProvider) -> None:
    existing = UserFactory.create(email="ann@acme.example")
    assert provision(idp, ann()).user != existing


# The extension point


class Linking(Provisioner):
    """Finds accounts from before by their user name."""

    def find(self, claims: Claims) -> AbstractBaseUser | None:
        return User.objects.filter(username=claims.values[NAME_CLAIM][0]).first()


@pytest.mark.parametrize(
    ("allowed", "person", "code"),
    [
        pytest.param(False, {}, "linking_disabled", id="off by default"),
        pytest.param(True, {"is_staff": True}, "linking_disabled", id="never to staff"),
        pytest.param(True, {"is_superuser": True}, "linking_disabled", id="never to a superuser"),
        pytest.param(True, {"is_active": False}, "account_disabled", id="nor to the inactive"),
    ],
)
def test_an_account_found_by_the_host_is_linked_only_if_allowed(
    idp: IdentityProvider,
    settings: Any,
    allowed: bool,
    person: dict[str, bool],
    code: str,
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Linking"
    UserFactory.create(username="ann", **person)
    idp.link_existing_users = allowed
    assert refused(idp, ann()) == code
    assert not ExternalIdentity.objects.exists()


def test_an_account_found_by_the_host_is_linked_if_the_row_allows_it(
    idp: IdentityProvider, settings: Any
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Linking"
    existing = UserFactory.create(username="ann")
    existing.groups.add(by_hand := GroupFactory.create())
    idp.link_existing_users = True
    result = provision(idp, ann())
    assert (result.user, result.event.outcome) == (existing, "updated")
    assert ExternalIdentity.objects.get().user == existing
    assert groups_of(existing) == {by_hand}


class Roles(Provisioner):
    """What a host writes for roles: a dozen lines, with typed values."""

    def username_for(self, desired: DesiredUser) -> str:
        return f"{self.identity_provider.slug}.{super().username_for(desired)}"

    def create_user(self, create: Create) -> AbstractBaseUser:
        user = super().create_user(create)
        self.set_role(user, create.desired)
        return user

    def update_user(self, user: AbstractBaseUser, update: Update) -> None:
        super().update_user(user, update)
        self.set_role(user, update.desired)

    def set_role(self, user: Any, desired: DesiredUser) -> None:
        user.job_title = "admin" if "Admin" in desired.claims.values.get(ROLES, ()) else "member"
        user.save(update_fields=["job_title"])


def test_a_host_can_write_accounts_itself(idp: IdentityProvider, settings: Any) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Roles"
    user: Any = provision(idp, claims({ROLES: ("Admin",)})).user
    assert (user.username, user.job_title) == ("acme.ann", "admin")
    user = provision(idp, claims({})).user
    assert user.job_title == "member"


def test_a_preview_writes_nothing(idp: IdentityProvider) -> None:
    found = preview(idp, ann())
    assert isinstance(found.decision, Create)
    assert found.decision.changes.fields["username"] == "ann"
    assert not User.objects.exists()
    assert not ProvisioningEvent.objects.exists()
    assert isinstance(preview(idp, ann("")).decision, Refuse)


# Reports


def test_signals_are_sent_after_the_commit_and_decide_nothing(
    idp: IdentityProvider, django_capture_on_commit_callbacks: Any
) -> None:
    heard: list[tuple[str, Any]] = []

    def listen(**report: Any) -> None:
        heard.append((report["event"].outcome, report.get("created")))
        raise RuntimeError("a receiver's own trouble")

    account_provisioned.connect(listen)
    login_refused.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            provision(idp, ann())
            assert heard == []
        with django_capture_on_commit_callbacks(execute=True):
            provision(idp, ann())
            refused(idp, ann(""))
    finally:
        account_provisioned.disconnect(listen)
        login_refused.disconnect(listen)
    assert heard == [("created", True), ("unchanged", False), ("refused", None)]


# Other transactions in the way


class Unlucky(Provisioner):
    """Loses against other transactions a number of times."""

    error: Exception = OperationalError(1213, "deadlock")
    losses = 0

    def create_user(self, create: Create) -> AbstractBaseUser:
        if Unlucky.losses:
            Unlucky.losses -= 1
            raise Unlucky.error
        return super().create_user(create)


@pytest.fixture
def unlucky(settings: Any) -> type[Unlucky]:
    settings.JITPROV_PROVISIONER = f"{__name__}.Unlucky"
    return Unlucky


def test_a_lost_transaction_is_tried_again(idp: IdentityProvider, unlucky: type[Unlucky]) -> None:
    unlucky.error, unlucky.losses = OperationalError(1205, "lock wait timeout"), 2
    assert provision(idp, ann()).event.outcome == "created"
    assert ProvisioningEvent.objects.count() == 1


def test_a_lost_transaction_is_given_up_after_some_attempts(
    idp: IdentityProvider, unlucky: type[Unlucky]
) -> None:
    unlucky.error, unlucky.losses = OperationalError(1213, "deadlock"), 100
    with pytest.raises(TryAgain):
        provision(idp, ann())
    assert not User.objects.exists()


def test_an_integrity_error_in_the_hosts_code_is_not_a_conflict(
    idp: IdentityProvider, unlucky: type[Unlucky]
) -> None:
    unlucky.error, unlucky.losses = IntegrityError("NOT NULL constraint failed: acme.x"), 100
    with pytest.raises(ConfigurationError, match=r"acme\.x"):
        provision(idp, ann())
    assert not User.objects.exists()


def test_a_constraint_over_several_fields_is_a_conflict(
    idp: IdentityProvider, unlucky: type[Unlucky]
) -> None:
    unlucky.error, unlucky.losses = IntegrityError(1062, "duplicate"), 100
    assert refused(idp, ann()) == "conflict"


class OnlyForAnn(Provisioner):
    def write_related(self, user: AbstractBaseUser, desired: DesiredUser) -> None:
        assert user.external_identities.exists()  # type: ignore[attr-defined]
        if desired.claims.external_id != "ann-1":
            raise ProvisioningRefused(Refuse(reason=RefusalReason.CREATION_DISABLED))


def test_related_rows_are_written_last_and_can_refuse_the_person(
    idp: IdentityProvider, settings: Any
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.OnlyForAnn"
    provision(idp, ann())
    assert refused(idp, ann("bob-1")) == "creation_disabled"
    assert User.objects.count() == ExternalIdentity.objects.count() == 1
