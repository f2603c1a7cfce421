"""Every screen of the admin, requested by an administrator of one tenant for rows of another."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jitprov.admin import scoped
from jitprov.models import (
    Action,
    ConfigurationChange,
    ConsumedAssertion,
    ExternalIdentity,
    GrantedGroup,
    IdentityProvider,
    ProvisioningEvent,
    SetupLink,
    Tenant,
    TenantAdministrator,
    digest,
)
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    IdentityProviderFactory,
    UserFactory,
    connected,
    map_group,
)

pytestmark = pytest.mark.django_db

LISTS: list[Any] = [IdentityProvider, ExternalIdentity, ProvisioningEvent, ConfigurationChange]
FOR_SUPERUSERS: list[Any] = [Tenant, TenantAdministrator, ConsumedAssertion, SetupLink]


@dataclass(frozen=True, kw_only=True)
class Theirs:
    """One row of each model, all of one tenant."""

    identity_provider: IdentityProvider
    identity: ExternalIdentity
    event: ProvisioningEvent
    change: ConfigurationChange

    def row(self, model: Any) -> Any:
        rows = (self.identity_provider, self.identity, self.event, self.change)
        return next(row for row in rows if isinstance(row, model))


def everything_of(slug: str) -> Theirs:
    row = connected(FakeIdentityProvider(), slug=slug)
    map_group(row, "finance")
    identity = ExternalIdentityFactory.create(identity_provider=row, external_id=f"ann-{slug}")
    GrantedGroup.objects.create(identity=identity, group=GroupFactory.create())
    event = ProvisioningEvent.objects.create(
        identity_provider=row, tenant=row.tenant, user=identity.user, outcome="created"
    )
    ConsumedAssertion.objects.create(
        identity_provider=row, assertion_digest=digest(slug), expires_at=datetime.now(UTC)
    )
    SetupLink.objects.create(
        identity_provider=row, token_digest=digest(slug), expires_at=datetime.now(UTC)
    )
    change = ConfigurationChange.objects.create(
        identity_provider=row,
        tenant=row.tenant,
        slug=slug,
        actor=slug,
        via="code",
        what="identity_provider",
        label=slug,
        action=Action.CHANGED,
        changes={"enabled": [False, True]},
    )
    return Theirs(identity_provider=row, identity=identity, event=event, change=change)


@pytest.fixture
def ours() -> Theirs:
    return everything_of("ours")


@pytest.fixture
def theirs() -> Theirs:
    return everything_of("theirs")


def administrator_of(*tenants: Any) -> Any:
    user = UserFactory.create(is_staff=True)
    for tenant in tenants:
        TenantAdministrator.objects.create(user=user, tenant=tenant)
    return user


@pytest.fixture
def browser(client: Client, ours: Theirs, theirs: Theirs) -> Client:
    client.force_login(administrator_of(ours.identity_provider.tenant))
    return client


def url(model: Any, view: str, *args: object) -> str:
    return reverse(f"admin:jitprov_{model.__name__.lower()}_{view}", args=args)


def listed(answer: Any) -> list[Any]:
    return list(answer.context["cl"].result_list)


@pytest.mark.parametrize("model", LISTS)
def test_a_list_has_only_the_tenants_own_rows(browser: Client, ours: Theirs, model: Any) -> None:
    answer = browser.get(url(model, "changelist"))

    assert listed(answer) == [ours.row(model)]
    assert "theirs" not in answer.content.decode()


@pytest.mark.parametrize("model", LISTS)
def test_a_filter_by_another_tenants_rows_finds_nothing(
    browser: Client, theirs: Theirs, model: Any
) -> None:
    their_row = theirs.identity_provider
    name, value = (
        ("tenant__id__exact", their_row.tenant_id)
        if model is IdentityProvider
        else ("identity_provider__id__exact", their_row.pk)
    )

    assert theirs.row(model) not in listed(browser.get(url(model, "changelist"), {name: value}))


@pytest.mark.parametrize("model", LISTS)
def test_the_search_finds_nothing_of_another_tenant(browser: Client, model: Any) -> None:
    assert listed(browser.get(url(model, "changelist"), {"q": "theirs"})) == []


@pytest.mark.parametrize("view", ["change", "delete", "history"])
@pytest.mark.parametrize("model", LISTS)
def test_another_tenants_row_answers_404(
    browser: Client, theirs: Theirs, model: Any, view: str
) -> None:
    row = theirs.row(model)

    page = browser.get(url(model, view, row.pk))
    post = browser.post(url(model, view, row.pk), {"post": "yes"})
    missing = browser.get(url(model, view, 10**6))

    assert (page.status_code, missing.status_code) == (404, 404)
    assert post.status_code == 404
    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", [IdentityProvider, ExternalIdentity])
def test_an_action_on_another_tenants_rows_has_no_effect(
    browser: Client, theirs: Theirs, model: Any
) -> None:
    row = theirs.row(model)
    everything = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}

    browser.post(url(model, "changelist"), everything)

    assert model.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize("model", FOR_SUPERUSERS)
def test_screens_for_superusers_are_closed_to_administrators(browser: Client, model: Any) -> None:
    assert browser.get(url(model, "changelist")).status_code == 403
    assert browser.get(url(model, "add")).status_code == 403
    [*_, row] = model.objects.all()
    assert browser.get(url(model, "change", row.pk)).status_code in (403, 404)


@pytest.mark.parametrize("model", [*LISTS, *FOR_SUPERUSERS])
def test_staff_without_a_tenant_see_no_list(client: Client, ours: Theirs, model: Any) -> None:
    client.force_login(UserFactory.create(is_staff=True))

    assert client.get(url(model, "changelist")).status_code == 403


def test_an_administrator_who_is_not_staff_cannot_enter_the_admin(
    client: Client, ours: Theirs
) -> None:
    user = administrator_of(ours.identity_provider.tenant)
    user.is_staff = False
    user.save()
    client.force_login(user)

    assert client.get(url(IdentityProvider, "changelist")).status_code == 302


@pytest.mark.parametrize("model", LISTS)
def test_an_administrator_of_two_tenants_sees_both(
    client: Client, ours: Theirs, theirs: Theirs, model: Any
) -> None:
    tenants = [one.identity_provider.tenant for one in (ours, theirs)]
    client.force_login(administrator_of(*tenants))

    assert len(listed(client.get(url(model, "changelist")))) == 2


def test_a_filter_with_too_many_choices_shows_a_hint(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scoped, "MAX_FILTER_CHOICES", 2)
    for number in range(3):
        IdentityProviderFactory.create(tenant__name=f"Customer {number}")
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))

    page = client.get(url(ExternalIdentity, "changelist")).content.decode()

    assert str(scoped.ScopedRelatedFilter.hint) in page


def test_the_user_who_made_an_administrator_is_stored(client: Client, ours: Theirs) -> None:
    root = UserFactory.create(is_staff=True, is_superuser=True)
    client.force_login(root)
    user = UserFactory.create(is_staff=True)
    form = {"user": user.pk, "tenant": ours.identity_provider.tenant_id}

    assert client.post(url(TenantAdministrator, "add"), form).status_code == 302

    assert TenantAdministrator.objects.get(user=user).created_by == root


def test_adding_changing_and_removing_an_administrator_is_recorded(
    client: Client, ours: Theirs
) -> None:
    root = UserFactory.create(username="root", is_staff=True, is_superuser=True)
    client.force_login(root)
    user, other = UserFactory.create(username="ann"), UserFactory.create(username="bob")
    tenant = ours.identity_provider.tenant

    client.post(url(TenantAdministrator, "add"), {"user": user.pk, "tenant": tenant.pk})
    given = TenantAdministrator.objects.get(user=user)
    form = {"user": other.pk, "tenant": tenant.pk}
    client.post(url(TenantAdministrator, "change", given.pk), form)
    client.post(url(TenantAdministrator, "delete", given.pk), {"post": "yes"})

    written = ConfigurationChange.objects.filter(what="tenant_administrator").order_by("pk")
    assert list(written.values_list("label", "action", "actor", "tenant")) == [
        ("ann", "added", "root", tenant.pk),
        ("ann", "removed", "root", tenant.pk),
        ("bob", "added", "root", tenant.pk),
        ("bob", "removed", "root", tenant.pk),
    ]


def test_removing_several_administrators_at_once_is_recorded(client: Client, ours: Theirs) -> None:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    given = administrator_of(ours.identity_provider.tenant).administered_tenants.get()
    everything = {"action": "delete_selected", "_selected_action": [given.pk], "post": "yes"}

    client.post(url(TenantAdministrator, "changelist"), everything)

    written = ConfigurationChange.objects.get(what="tenant_administrator")
    assert (written.label, written.action) == (given.user.username, "removed")


@pytest.mark.parametrize("how", ["on its page", "in the list"])
def test_identity_providers_deleted_with_their_tenant_are_recorded(
    client: Client, ours: Theirs, how: str
) -> None:
    client.force_login(UserFactory.create(username="root", is_staff=True, is_superuser=True))
    key = ours.identity_provider.tenant_id
    selected = {"action": "delete_selected", "_selected_action": [key], "post": "yes"}

    if how == "on its page":
        client.post(url(Tenant, "delete", key), {"post": "yes"})
    else:
        client.post(url(Tenant, "changelist"), selected)

    assert not IdentityProvider.objects.exists()
    gone = ConfigurationChange.objects.get(what="identity_provider", action="removed")
    assert (gone.slug, gone.actor) == ("ours", "root")
