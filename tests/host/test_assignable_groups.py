"""The groups and user fields that a tenant may map to, as the host's settings and provisioner limit them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from jitprov.host.assignable_groups import assignable_groups
from jitprov.host.user_fields import mappable_fields, refuse_target
from jitprov.models import IdentityProvider, ProvisioningEvent
from jitprov.provisioner import Provisioner
from jitprov.provisioning.mapping import FORBIDDEN_TARGETS
from jitprov.provisioning.problems import MappingError
from jitprov.testing import ANN
from tests.support.accounts.models import User
from tests.support.factories import GroupFactory, IdentityProviderFactory, map_group

pytestmark = pytest.mark.django_db


def group_with(name: str, app: str) -> Group:
    group: Group = GroupFactory.create(name=name)
    permission = Permission.objects.filter(content_type__app_label=app).first()
    assert permission is not None
    group.permissions.add(permission)
    return group


def names() -> list[str]:
    return list(assignable_groups().values_list("name", flat=True))


def test_groups_without_powerful_permissions_are_listed_by_name() -> None:
    for name in ("b", "a"):
        GroupFactory.create(name=name)
    assert names() == ["a", "b"]


@pytest.mark.parametrize("app", ["auth", "admin", "jitprov", "accounts"])
def test_a_group_with_powerful_permissions_is_left_out(app: str) -> None:
    group_with("powerful", app)
    GroupFactory.create(name="harmless")
    assert names() == ["harmless"]


def test_no_group_is_assignable_where_the_host_says_nothing(settings: Any) -> None:
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = None
    GroupFactory.create(name="harmless")
    assert names() == []


def test_a_powerful_app_cannot_be_named(settings: Any) -> None:
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = ["auth", "admin", "jitprov", "accounts"]
    for app in ("auth", "admin", "jitprov", "accounts"):
        group_with(app, app)
    assert names() == []


def test_one_permission_of_another_app_leaves_a_group_out(settings: Any) -> None:
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = ["sessions"]
    group = group_with("mixed", "sessions")
    assert names() == ["mixed"]
    group.permissions.add(*Permission.objects.filter(content_type__app_label="auth")[:3])
    assert names() == []


@pytest.mark.parametrize(
    ("given", "found"),
    [
        pytest.param(["a", "powerful"], ["a", "powerful"], id="the host may name any"),
        pytest.param("a", ["a"], id="one by itself"),
        pytest.param([], [], id="none at all"),
        pytest.param(["gone"], [], id="one that is not there"),
        pytest.param(None, [], id="no opinion"),
    ],
)
def test_the_setting_names_the_groups(settings: Any, given: Any, found: list[str]) -> None:
    settings.JITPROV_ASSIGNABLE_GROUPS = given
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = None
    group_with("powerful", "auth")
    for name in ("a", "b"):
        GroupFactory.create(name=name)
    assert names() == found


def test_a_provisioner_can_limit_the_groups() -> None:
    class Narrow(Provisioner):
        def assignable_groups(self) -> Any:
            return super().assignable_groups().filter(name__startswith=self.identity_provider.slug)

    for name in ("acme-sales", "globex-sales"):
        GroupFactory.create(name=name)
    row = IdentityProviderFactory.create(slug="acme")
    assert [group.name for group in Narrow(row).assignable_groups()] == ["acme-sales"]


def test_the_groups_are_found_in_one_statement() -> None:
    group_with("powerful", "auth")
    with CaptureQueriesContext(connection) as queries:
        names()
    assert len(queries) == 1


# User fields


def test_the_setting_can_leave_user_fields_out(settings: Any) -> None:
    settings.JITPROV_MAPPABLE_FIELDS = ["email", "last_name"]
    assert set(mappable_fields()) == {"email", "last_name"}
    refuse_target("email", mappable_fields())
    with pytest.raises(MappingError):
        refuse_target("first_name", mappable_fields())


def test_an_empty_setting_leaves_every_user_field_out(settings: Any) -> None:
    settings.JITPROV_MAPPABLE_FIELDS = []
    assert mappable_fields() == {}


@pytest.mark.parametrize("name", sorted(FORBIDDEN_TARGETS))
def test_the_setting_cannot_allow_a_forbidden_user_field(settings: Any, name: str) -> None:
    settings.JITPROV_MAPPABLE_FIELDS = [name, "email"]
    assert set(mappable_fields()) == {"email"}
    with pytest.raises(MappingError):
        refuse_target(name, mappable_fields())


def test_an_unknown_user_field_in_the_setting_is_ignored(settings: Any) -> None:
    settings.JITPROV_MAPPABLE_FIELDS = ["shoe_size"]
    assert mappable_fields() == {}


# At a sign-in, where no form refuses


@pytest.fixture
def staff(idp: IdentityProvider) -> Group:
    return map_group(idp, ANN.groups[0])


def test_a_sign_in_does_not_add_anybody_to_a_group_that_is_no_longer_assignable(
    staff: Group, sign_in: Any, settings: Any
) -> None:
    sign_in()
    settings.JITPROV_ASSIGNABLE_GROUPS = ["another"]
    settings.JITPROV_ASSIGNABLE_GROUPS_OF_APPS = None

    sign_in(replace(ANN, object_id="new", email="new@acme.example"))
    sign_in()

    assert [user.email for user in User.objects.filter(groups=staff)] == [ANN.email]
    late = ProvisioningEvent.objects.get(user__email="new@acme.example")
    assert late.notes == ["group_not_assignable"]


def test_a_sign_in_does_not_add_anybody_to_a_group_that_may_change_users(
    staff: Group, sign_in: Any
) -> None:
    staff.permissions.add(Permission.objects.get(codename="change_user"))

    assert sign_in().status_code == 302
    assert not User.objects.filter(groups=staff).exists()


def test_a_sign_in_without_new_groups_does_not_look_up_permissions(
    staff: Group, sign_in: Any
) -> None:
    sign_in()
    with CaptureQueriesContext(connection) as statements:
        sign_in()
    assert not [one for one in statements if "auth_group_permissions" in one["sql"]]
