from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core import checks as django_checks
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jitprov.journal.actors import Actor
from jitprov.journal.audit import recorded
from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    ConsumedAssertion,
    DueJob,
    EmailDomain,
    ExternalIdentity,
    FormerIdentity,
    GrantedGroup,
    GroupMapping,
    IdempotencyKey,
    IdentityProvider,
    ObservedClaim,
    ProposedTrust,
    ProvisioningEvent,
    RetiredName,
    SetupLink,
    SigningCertificate,
    SignInSession,
    Tenant,
    TenantAdministrator,
    TestSignIn,
    UnprovedRefusals,
    Via,
    digest,
)
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    IdentityProviderFactory,
    UserFactory,
    connected,
    map_group,
)

pytestmark = pytest.mark.django_db

SCREENS = [
    Tenant,
    TenantAdministrator,
    IdentityProvider,
    ExternalIdentity,
    ProvisioningEvent,
    ConsumedAssertion,
    ConfigurationChange,
    SetupLink,
]
# Shown on the page of the identity provider that they belong to.
PARTS = [
    ClaimMapping,
    EmailDomain,
    FormerIdentity,
    GroupMapping,
    ObservedClaim,
    ProposedTrust,
    RetiredName,
    SigningCertificate,
    TestSignIn,
    UnprovedRefusals,
]
# Digests of requests to the API; sessions, of which nobody has to know more than that they can be ended; jobs, which
# the overview sums up.
NOT_SHOWN = [IdempotencyKey, SignInSession, DueJob]
READ_ONLY = [ProvisioningEvent, ConsumedAssertion, ConfigurationChange]
NOT_TO_BE_ADDED = [ExternalIdentity, *READ_ONLY]
CERTIFICATE = rsa_key_pair("admin").certificate

Screen = Any


def url(model: type, view: str, *args: object) -> str:
    return reverse(f"admin:jitprov_{model.__name__.lower()}_{view}", args=args)


@pytest.fixture
def browser(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


def one_of_each() -> None:
    """Make one more row of every model."""
    idp = connected(FakeIdentityProvider())
    TenantAdministrator.objects.create(user=UserFactory.create(), tenant=idp.tenant)
    map_group(idp, "finance")
    EmailDomain.objects.create(identity_provider=idp, domain=f"{idp.slug}.example")
    identity = ExternalIdentityFactory.create(identity_provider=idp)
    GrantedGroup.objects.create(identity=identity, group=GroupFactory.create())
    ProvisioningEvent.objects.create(
        identity_provider=idp, tenant=idp.tenant, user=identity.user, outcome="created"
    )
    ConsumedAssertion.objects.create(
        identity_provider=idp, assertion_digest=digest(idp.slug), expires_at=datetime.now(UTC)
    )
    SetupLink.objects.create(
        identity_provider=idp, token_digest=digest(idp.slug), expires_at=datetime.now(UTC)
    )
    with recorded(idp, Actor(via=Via.CODE, name="test")):
        map_group(idp, "sales")


# Pages load


def test_every_model_has_a_screen_or_is_part_of_one() -> None:
    inlines = {
        inline.model for model in SCREENS for inline in admin.site.get_model_admin(model).inlines
    }

    assert {*SCREENS, *PARTS, *NOT_SHOWN, *inlines} >= set(
        apps.get_app_config("jitprov").get_models()
    )


@pytest.mark.parametrize("model", SCREENS)
def test_the_list_loads(browser: Client, model: Screen) -> None:
    one_of_each()

    assert browser.get(url(model, "changelist")).status_code == 200


@pytest.mark.parametrize("model", SCREENS)
def test_the_list_can_be_searched_and_filtered(browser: Client, model: Screen) -> None:
    one_of_each()
    screen = admin.site.get_model_admin(model)
    filters = {f"{name}__exact": "0" for name in screen.list_filter if isinstance(name, str)}
    question = {"q": "x"} if screen.search_fields else {}

    assert browser.get(url(model, "changelist"), {**filters, **question}).status_code == 200


@pytest.mark.parametrize("model", SCREENS)
def test_the_page_of_a_row_loads(browser: Client, model: Screen) -> None:
    one_of_each()
    [row] = model.objects.all()

    assert browser.get(url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", [Tenant, IdentityProvider])
def test_the_page_for_a_new_row_loads(browser: Client, model: Screen) -> None:
    assert browser.get(url(model, "add")).status_code == 200


@pytest.mark.parametrize("model", SCREENS)
def test_a_user_without_permission_is_refused(client: Client, model: Screen) -> None:
    client.force_login(UserFactory.create(is_staff=True))

    assert client.get(url(model, "changelist")).status_code == 403


def statements(browser: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(page).status_code == 200
    return len(queries)


@pytest.mark.parametrize("model", SCREENS)
def test_the_number_of_statements_does_not_grow_with_the_list(
    browser: Client, model: Screen
) -> None:
    page = url(model, "changelist")
    one_of_each()
    browser.get(page)  # fills Django's cache of content types
    short = statements(browser, page)

    for _ in range(5):
        one_of_each()

    assert statements(browser, page) == short <= 8


def test_the_number_of_statements_does_not_grow_with_the_groups_of_a_person(
    browser: Client,
) -> None:
    identity = ExternalIdentityFactory.create()
    page = url(ExternalIdentity, "change", identity.pk)
    GrantedGroup.objects.create(identity=identity, group=GroupFactory.create())
    browser.get(page)
    few = statements(browser, page)

    for _ in range(5):
        GrantedGroup.objects.create(identity=identity, group=GroupFactory.create())

    assert statements(browser, page) == few


# Read-only screens


@pytest.mark.parametrize("model", NOT_TO_BE_ADDED)
def test_read_only_rows_cannot_be_added(browser: Client, model: Screen) -> None:
    assert browser.get(url(model, "add")).status_code == 403
    assert browser.post(url(model, "add"), {}).status_code == 403


@pytest.mark.parametrize("model", READ_ONLY)
def test_read_only_rows_cannot_be_changed_or_deleted(browser: Client, model: Screen) -> None:
    one_of_each()
    [row] = model.objects.all()

    assert browser.post(url(model, "change", row.pk), {"outcome": "refused"}).status_code == 403
    assert browser.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    everything = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    browser.post(url(model, "changelist"), everything)

    assert model.objects.filter(pk=row.pk).exists()


def test_only_active_can_be_changed_on_an_identity(browser: Client) -> None:
    identity = ExternalIdentityFactory.create(external_id="ann")
    other = ExternalIdentityFactory.create()
    form = {
        "external_id": "mallory",
        "user": other.user_id,
        "identity_provider": other.identity_provider_id,
        **management("granted_groups"),
    }

    answer = browser.post(url(ExternalIdentity, "change", identity.pk), form)

    assert answer.status_code == 302
    identity.refresh_from_db()
    assert not identity.active
    assert (identity.external_id, identity.user_id) == ("ann", identity.user.pk)
    assert identity.user_id != other.user_id


def management(prefix: str, *, total: int = 0, initial: int = 0) -> dict[str, Any]:
    return {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": initial}


# Deleting an identity provider


def test_an_identity_provider_is_deleted_with_its_rows(browser: Client) -> None:
    one_of_each()
    [row] = IdentityProvider.objects.all()
    delete = url(IdentityProvider, "delete", row.pk)

    assert "does not have permission" not in browser.get(delete).content.decode()
    assert browser.post(delete, {"post": "yes"}).status_code == 302

    assert not IdentityProvider.objects.exists()
    assert ProvisioningEvent.objects.exists()


def test_the_deletion_of_an_identity_provider_is_recorded(browser: Client) -> None:
    row = connected(FakeIdentityProvider())
    everything = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}

    browser.post(url(IdentityProvider, "changelist"), everything)

    assert not IdentityProvider.objects.exists()
    changes = ConfigurationChange.objects.filter(what="identity_provider", action="removed")
    assert changes.get().slug == row.slug


# Models that a host's own admin may lack


def test_a_host_without_group_and_user_admin_has_working_screens(browser: Client) -> None:
    screen = admin.site.get_model_admin(Group)
    admin.site.unregister(Group)
    try:
        messages = django_checks.run_checks(tags=["admin"])
        page = browser.get(url(IdentityProvider, "change", IdentityProviderFactory.create().pk))
    finally:
        admin.site.register(Group, type(screen))

    assert messages == []
    assert page.status_code == 200
