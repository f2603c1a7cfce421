from __future__ import annotations

from dataclasses import replace

import pytest
from acme.models import ROLES, Membership, Organisation, User
from django.contrib.auth.models import Group

from jitprov.models import ClaimMapping, GroupMapping
from jitprov.testing import ANN, FakeIdentityProvider, Person
from jitprov.testing.person import GROUPS_CLAIM

DIRECTORY = {"owner": "a1", "admin": "b2", "member": "c3"}
"""The groups of a tenant's directory, by the role to which each maps."""
PROFILE = {"department": "Design", "employeeid": "042"}


@pytest.fixture
def tenant(db, connect_identity_provider, saml_sign_in):
    """Return a function that connects a tenant, and returns one that signs its people in."""

    def connect(slug):
        fake = FakeIdentityProvider(tenant_id=f"directory-of-{slug}")
        organisation = Organisation.objects.create(slug=slug, name=slug.title())
        row = connect_identity_provider(fake, organisation, slug=slug)
        for target, claim in {"department": "department", "employee_id": "employeeid"}.items():
            ClaimMapping.objects.create(
                identity_provider=row, position=9, target=target, sources=claim
            )
        for role in ROLES:
            group, _ = Group.objects.get_or_create(name=role)
            GroupMapping.objects.create(
                identity_provider=row, claim=GROUPS_CLAIM, value=DIRECTORY[role], group=group
            )

        def sign_in(*roles, **changes):
            groups = [DIRECTORY.get(role, role) for role in roles]
            person = Person(object_id=ANN.object_id, email=ANN.email, groups=groups, extra=PROFILE)
            answer = saml_sign_in(row, fake, replace(person, **changes))
            assert answer.status_code == 302
            return row.identities.get().user

        return sign_in

    return connect


def roles():
    return {f"{item.organisation}": item.role for item in Membership.objects.all()}


def test_the_hosts_own_fields_are_filled(tenant):
    user = tenant("acme")("member")
    assert (user.email, user.department, user.employee_id) == (ANN.email, "Design", "042")


def test_the_highest_role_wins_and_follows_the_directory(tenant):
    acme = tenant("acme")
    acme("member", "admin", "something else")
    assert roles() == {"Acme": "admin"}
    acme("member")
    assert roles() == {"Acme": "member"}


def test_a_person_who_has_left_all_groups_loses_the_membership(tenant):
    acme = tenant("acme")
    acme("member")
    acme("something else")
    assert roles() == {}


@pytest.mark.parametrize("overage", [True, False], ids=["too many groups", "no claim of groups"])
def test_the_role_stays_while_the_groups_are_not_known(tenant, overage):
    acme = tenant("acme")
    acme("owner")
    acme(group_overage=overage)
    assert roles() == {"Acme": "owner"}


def test_the_same_identifier_and_address_at_another_tenant_are_another_person(tenant):
    ann = tenant("acme")("owner")
    stranger = tenant("globex")("member")
    assert ann.pk != stranger.pk
    assert User.objects.count() == 2
    assert roles() == {"Acme": "owner", "Globex": "member"}
    assert [item.role for item in stranger.memberships.all()] == ["member"]
