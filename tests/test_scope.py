"""Whose rows somebody sees: the one rule that admin, API and commands share."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AnonymousUser, Permission
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from jitprov.models import (
    ConfigurationChange,
    ConsumedAssertion,
    DueJob,
    EmailDomain,
    ExternalIdentity,
    FormerIdentity,
    GrantedGroup,
    IdempotencyKey,
    IdentityProvider,
    ObservedClaim,
    ProposedTrust,
    ProvisioningEvent,
    RetiredName,
    SetupLink,
    SignInSession,
    Tenant,
    TenantAdministrator,
    TestSignIn,
    UnprovedRefusals,
)
from jitprov.provisioner import Provisioner
from jitprov.scope import EVERYTHING, NOTHING, path_to_tenant, scope_of
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    IdentityProviderFactory,
    TenantFactory,
    UserFactory,
    connected,
    map_group,
)

pytestmark = pytest.mark.django_db

LATER = datetime(2040, 1, 1, tzinfo=UTC)
OF_NOBODY = {RetiredName, FormerIdentity, IdempotencyKey, DueJob}
"""What is left of deleted rows and of requests, as digests: nobody is shown any of it. Jobs are those of operators."""
MODELS: list[type[Model]] = [
    *(model for model in apps.get_app_config("jitprov").get_models() if model not in OF_NOBODY),
    get_user_model(),
]


def one_of_each(slug: str) -> IdentityProvider:
    """Write a row of every model for a new tenant."""
    row = connected(FakeIdentityProvider(), slug=slug)
    map_group(row, "finance")
    EmailDomain.objects.create(identity_provider=row, domain=f"{slug}.example")
    identity = ExternalIdentityFactory.create(identity_provider=row)
    SignInSession.objects.create(identity=identity, key=slug, authn_instant=LATER, kept_until=LATER)
    GrantedGroup.objects.create(identity=identity, group=GroupFactory.create())
    ConsumedAssertion.objects.create(identity_provider=row, assertion_digest=slug, expires_at=LATER)
    ObservedClaim.objects.create(
        identity_provider=row, name="a", name_digest="a", first_seen=LATER, last_seen=LATER
    )
    link = SetupLink.objects.create(identity_provider=row, token_digest=slug, expires_at=LATER)
    TestSignIn.objects.create(identity_provider=row, setup_link=link, expires_at=LATER)
    UnprovedRefusals.objects.create(identity_provider=row, counted_at=LATER)
    ProposedTrust.objects.create(identity_provider=row, proposed_by="carla", via="admin")
    for model in (ProvisioningEvent, ConfigurationChange):
        model.objects.create(identity_provider=row, tenant=row.tenant)
    TenantAdministrator.objects.create(user=identity.user, tenant=row.tenant)
    return row


def administrator(*tenants: Any, **columns: Any) -> Any:
    user = UserFactory.create(**columns)
    for tenant in tenants:
        TenantAdministrator.objects.create(user=user, tenant=tenant)
    return user


# The scope of a user


def test_a_superuser_sees_everything() -> None:
    assert scope_of(UserFactory.create(is_superuser=True)) is EVERYTHING


@pytest.mark.parametrize("columns", [{"is_superuser": True}, {}])
def test_a_user_who_is_not_active_sees_nothing(columns: dict[str, bool]) -> None:
    user = administrator(TenantFactory.create(), is_active=False, **columns)
    assert scope_of(user) is NOTHING


def test_a_user_who_is_not_signed_in_sees_nothing() -> None:
    assert scope_of(AnonymousUser()) is NOTHING


def test_staff_without_a_tenant_see_nothing() -> None:
    scope = scope_of(UserFactory.create(is_staff=True))
    assert not scope
    assert not scope.limit(IdentityProvider.objects.all()).exists()


def test_an_administrator_sees_their_tenant() -> None:
    ours, theirs = TenantFactory.create(), TenantFactory.create()
    scope = scope_of(administrator(ours))
    assert scope
    assert not scope.everything
    assert (scope.covers(ours.pk), scope.covers(theirs.pk)) == (True, False)
    assert list(scope.visible_tenants()) == [ours]


def test_an_administrator_of_two_tenants_sees_both() -> None:
    ours, also, _ = (TenantFactory.create() for _ in range(3))
    assert set(scope_of(administrator(ours, also)).visible_tenants()) == {ours, also}


def test_djangos_permissions_do_not_widen_the_scope() -> None:
    user = UserFactory.create(is_staff=True)
    user.user_permissions.set(Permission.objects.filter(content_type__app_label="jitprov"))
    assert not scope_of(user)


def test_a_row_without_a_tenant_is_in_no_scope() -> None:
    scope = scope_of(administrator(TenantFactory.create()))
    assert not scope.covers(None)
    assert not EVERYTHING.covers(None)
    assert not NOTHING.covers(TenantFactory.create().pk)


class OnlyAcme(Provisioner):
    """A host with its own rule for administrators."""

    @classmethod
    def tenants_administered_by(cls, user: Any) -> Any:
        return Tenant.objects.filter(slug="acme") if user.is_staff else Tenant.objects.none()


def test_the_provisioner_decides_which_tenants_a_user_administers(settings: Any) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.OnlyAcme"
    acme, globex = TenantFactory.create(slug="acme"), TenantFactory.create()
    assert list(scope_of(UserFactory.create(is_staff=True)).visible_tenants()) == [acme]
    assert not scope_of(administrator(globex))


def test_the_scope_of_a_user_is_looked_up_once() -> None:
    user = administrator(TenantFactory.create())
    with CaptureQueriesContext(connection) as queries:
        assert scope_of(user) is scope_of(user)
    assert len(queries) == 1


def test_a_removed_administrator_sees_nothing_from_the_next_request() -> None:
    user = administrator(TenantFactory.create())
    assert scope_of(user)
    TenantAdministrator.objects.all().delete()
    assert not scope_of(get_user_model()._default_manager.get(pk=user.pk))


# Rows in a scope


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_rows_of_every_model_are_limited(model: type[Model]) -> None:
    """Fails for a model without a look-up to its tenant, or without a row in :func:`one_of_each`."""
    ours = one_of_each("ours")
    before = set(model._default_manager.values_list("pk", flat=True))
    theirs = one_of_each("theirs")
    rows = model._default_manager.all()
    assert before, "one_of_each writes none"
    assert rows.count() > len(before), "one_of_each writes none"

    limited = scope_of(administrator(ours.tenant)).limit(rows)
    others = scope_of(administrator(theirs.tenant)).limit(rows)

    assert limited.exists()
    assert others.exists()
    assert not set(limited.values_list("pk", flat=True)) & set(others.values_list("pk", flat=True))
    assert set(NOTHING.limit(rows)) == set()
    assert set(EVERYTHING.limit(rows)) == set(rows)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_has_a_way_to_its_tenant(model: type[Model]) -> None:
    field: Any = None
    names = path_to_tenant(model).split("__")
    current: Any = model
    for name in names:
        if name == "pk":
            assert current is Tenant
            return
        field = current._meta.get_field(name)
        current = field.related_model
    assert current is Tenant


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_limited_rows_are_read_in_one_statement(model: type[Model]) -> None:
    scope = scope_of(administrator(TenantFactory.create()))
    with CaptureQueriesContext(connection) as queries:
        list(scope.limit(model._default_manager.all()))
    assert len(queries) == 1


def test_a_person_with_several_identities_is_found_once() -> None:
    ours = IdentityProviderFactory.create()
    also = IdentityProviderFactory.create(tenant=ours.tenant)
    user = UserFactory.create()
    for row in (ours, also):
        ExternalIdentityFactory.create(identity_provider=row, user=user)
    people = scope_of(administrator(ours.tenant)).limit(get_user_model()._default_manager.all())
    assert list(people) == [user]
    assert people.count() == 1


def test_a_person_of_two_tenants_is_seen_by_both_with_the_own_identity_only() -> None:
    ours, theirs = IdentityProviderFactory.create(), IdentityProviderFactory.create()
    user = UserFactory.create()
    for row in (ours, theirs):
        ExternalIdentityFactory.create(identity_provider=row, user=user)
    for row in (ours, theirs):
        scope = scope_of(administrator(row.tenant))
        assert list(scope.limit(get_user_model()._default_manager.all())) == [user]
        (identity,) = scope.limit(ExternalIdentity.objects.all())
        assert identity.identity_provider == row


def test_limited_rows_can_be_filtered_and_deleted() -> None:
    ours = one_of_each("ours")
    one_of_each("theirs")
    users = scope_of(administrator(ours.tenant)).limit(get_user_model()._default_manager.all())
    assert len(users.order_by("-pk")[:1]) == 1
    users.filter(is_staff=False).delete()
    assert ExternalIdentity.objects.count() == 1


def test_events_without_a_tenant_are_seen_by_superusers_only() -> None:
    row = one_of_each("ours")
    user = administrator(row.tenant)
    event = ProvisioningEvent.objects.create(identity_provider=row, tenant=None)
    limited = scope_of(user).limit(ProvisioningEvent.objects.all())
    assert event not in limited
    assert event in EVERYTHING.limit(ProvisioningEvent.objects.all())
