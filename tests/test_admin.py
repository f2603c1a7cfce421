from __future__ import annotations

from collections.abc import Mapping
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

from jitprov.admin.identity_providers import GroupMappingInline
from jitprov.audit import Actor, recorded
from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    ConsumedAssertion,
    EmailDomain,
    ExternalIdentity,
    GrantedGroup,
    GroupMapping,
    IdentityProvider,
    ObservedClaim,
    ProvisioningEvent,
    SetupLink,
    SigningCertificate,
    Tenant,
    TenantAdministrator,
    TestSignIn,
    Via,
    digest,
)
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from tests.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    IdentityProviderFactory,
    TenantFactory,
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
]
# Shown on the page of the identity provider that they belong to.
PARTS = [ObservedClaim, SetupLink, TestSignIn]
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
    """Write a full set of rows: with every call there is one more of everything."""
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
    with recorded(idp, Actor(via=Via.CODE, name="test")):
        map_group(idp, "sales")


# Pages load


def test_every_model_has_a_screen_or_a_part_of_one() -> None:
    inlines = {
        inline.model for model in SCREENS for inline in admin.site.get_model_admin(model).inlines
    }

    assert {*SCREENS, *PARTS, *inlines} >= set(apps.get_app_config("jitprov").get_models())


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
def test_a_row_s_page_loads(browser: Client, model: Screen) -> None:
    one_of_each()
    [row] = model.objects.all()

    assert browser.get(url(model, "change", row.pk)).status_code == 200


@pytest.mark.parametrize("model", [Tenant, IdentityProvider])
def test_the_page_for_a_new_row_loads(browser: Client, model: Screen) -> None:
    assert browser.get(url(model, "add")).status_code == 200


@pytest.mark.parametrize("model", SCREENS)
def test_nobody_gets_in_without_permission(client: Client, model: Screen) -> None:
    client.force_login(UserFactory.create(is_staff=True))

    assert client.get(url(model, "changelist")).status_code == 403


def statements(browser: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(page).status_code == 200
    return len(queries)


@pytest.mark.parametrize("model", SCREENS)
def test_a_list_costs_the_same_however_long_it_is(browser: Client, model: Screen) -> None:
    page = url(model, "changelist")
    one_of_each()
    browser.get(page)  # fills Django's cache of content types
    short = statements(browser, page)

    for _ in range(5):
        one_of_each()

    assert statements(browser, page) == short <= 8


def test_a_person_s_page_costs_the_same_however_many_groups(browser: Client) -> None:
    identity = ExternalIdentityFactory.create()
    page = url(ExternalIdentity, "change", identity.pk)
    GrantedGroup.objects.create(identity=identity, group=GroupFactory.create())
    browser.get(page)
    few = statements(browser, page)

    for _ in range(5):
        GrantedGroup.objects.create(identity=identity, group=GroupFactory.create())

    assert statements(browser, page) == few


# What may be read and not written


@pytest.mark.parametrize("model", NOT_TO_BE_ADDED)
def test_nobody_makes_one_up(browser: Client, model: Screen) -> None:
    assert browser.get(url(model, "add")).status_code == 403
    assert browser.post(url(model, "add"), {}).status_code == 403


@pytest.mark.parametrize("model", READ_ONLY)
def test_nobody_changes_or_deletes_one(browser: Client, model: Screen) -> None:
    one_of_each()
    [row] = model.objects.all()

    assert browser.post(url(model, "change", row.pk), {"outcome": "refused"}).status_code == 403
    assert browser.post(url(model, "delete", row.pk), {"post": "yes"}).status_code == 403
    everything = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
    browser.post(url(model, "changelist"), everything)

    assert model.objects.filter(pk=row.pk).exists()


def test_an_identity_can_be_switched_off_and_nothing_else(browser: Client) -> None:
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


# Saving an identity provider

INLINES = ("certificates", "claim_mappings", "group_mappings", "email_domains")


def management(prefix: str, *, total: int = 0, initial: int = 0) -> dict[str, Any]:
    return {f"{prefix}-TOTAL_FORMS": total, f"{prefix}-INITIAL_FORMS": initial}


def form(
    inlines: Mapping[str, list[dict[str, Any]]] | None = None, **fields: Any
) -> dict[str, Any]:
    """Return what a browser posts: the fields of the row, and those of each inline by number."""
    data: dict[str, Any] = {
        "slug": "acme",
        "entity_id": "https://idp.example/",
        "sso_url": "https://idp.example/sso",
        "sso_binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
        "slo_binding": "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
        "preset": "none",
        "unsolicited": "restart",
        "enabled": "on",
        **fields,
    }
    for prefix in INLINES:
        rows = (inlines or {}).get(prefix, [])
        data |= management(prefix, total=len(rows))
        for number, row in enumerate(rows):
            data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def mapping(**fields: Any) -> dict[str, Any]:
    return {
        "position": 0,
        "sources": "claim",
        "target": "email",
        "transforms": "[]",
        "sync": "always",
        "when_empty": "keep",
        **fields,
    }


@pytest.fixture
def tenant() -> Tenant:
    return TenantFactory.create()


def errors(answer: Any) -> dict[str, str]:
    """Return what the page says beside the fields of the row and its inlines."""
    context = answer.context
    found = {name: " ".join(said) for name, said in context["adminform"].form.errors.items()}
    for inline in context["inline_admin_formsets"]:
        found |= (
            {"formset": " ".join(inline.formset.non_form_errors())}
            if (inline.formset.non_form_errors())
            else {}
        )
        for one in inline.formset.forms:
            found |= {name: " ".join(said) for name, said in one.errors.items()}
    return found


def test_an_identity_provider_is_saved_with_all_that_belongs_to_it(
    browser: Client, tenant: Tenant
) -> None:
    group = GroupFactory.create()
    data = form(
        {
            "certificates": [{"pem": CERTIFICATE}],
            "claim_mappings": [
                mapping(transforms='[{"name": "split", "separator": ";"}, {"name": "first"}]'),
                mapping(
                    target="department",
                    sources="",
                    transforms='[{"name": "constant", "value": "x"}]',
                ),
            ],
            "group_mappings": [{"claim": "groups", "value": "finance", "group": group.pk}],
            "email_domains": [{"domain": " ACME.example"}],
        },
        tenant=tenant.pk,
    )

    answer = browser.post(url(IdentityProvider, "add"), data)

    assert answer.status_code == 302, errors(answer)
    row = IdentityProvider.objects.get(slug="acme")
    assert [step.name for step in row.claim_rules()[0].transforms] == ["split", "first"]
    assert SigningCertificate.objects.get(identity_provider=row).fingerprint
    assert ClaimMapping.objects.filter(identity_provider=row).count() == 2
    assert GroupMapping.objects.get(identity_provider=row).group == group
    assert EmailDomain.objects.get(identity_provider=row).domain == "acme.example"


REFUSED: list[Any] = [
    pytest.param("claim_mappings", [mapping(transforms="[{")], "transforms", id="not JSON"),
    pytest.param("claim_mappings", [mapping(transforms='"lower"')], "transforms", id="a text"),
    pytest.param(
        "claim_mappings", [mapping(transforms='{"name": 1}')], "transforms", id="not a list"
    ),
    pytest.param(
        "claim_mappings",
        [mapping(transforms='[{"name": "explode"}]')],
        "transforms",
        id="a transform that does not exist",
    ),
    pytest.param(
        "claim_mappings",
        [mapping(transforms='[{"name": "regex_extract", "pattern": "("}]')],
        "transforms",
        id="a pattern that is none",
    ),
    pytest.param("claim_mappings", [mapping(sources="")], "sources", id="no claim"),
    pytest.param("claim_mappings", [mapping(target="")], "target", id="no target"),
    pytest.param(
        "claim_mappings", [mapping(target="is_superuser")], "target", id="who would be superuser"
    ),
    pytest.param("claim_mappings", [mapping(target="groups")], "target", id="the groups field"),
    pytest.param("claim_mappings", [mapping(target="pk")], "target", id="the primary key"),
    pytest.param(
        "claim_mappings", [mapping(), mapping()], "__all__", id="two mappings of one user field"
    ),
    pytest.param("certificates", [{"pem": "junk"}], "pem", id="a certificate that is none"),
    pytest.param(
        "certificates",
        [{"pem": rsa_key_pair("admin").private_key}],
        "pem",
        id="a private key in place of the certificate",
    ),
    pytest.param(
        "certificates", [{"pem": CERTIFICATE}, {"pem": CERTIFICATE}], "pem", id="one twice"
    ),
    pytest.param(
        "email_domains",
        [{"domain": "acme.example"}, {"domain": "ACME.example"}],
        "__all__",
        id="a domain twice, in other letters",
    ),
    pytest.param(
        "email_domains", [{"domain": "TAKEN.example"}], "domain", id="somebody else's domain"
    ),
    pytest.param(
        "group_mappings",
        [{"claim": "groups", "value": "x", "group": 0}],
        "group",
        id="a group that is not there",
    ),
]


@pytest.mark.parametrize(("prefix", "rows", "field"), REFUSED)
def test_nonsense_is_said_beside_the_field(
    browser: Client, tenant: Tenant, prefix: str, rows: list[dict[str, Any]], field: str
) -> None:
    EmailDomain.objects.create(
        identity_provider=IdentityProviderFactory.create(), domain="taken.example"
    )

    answer = browser.post(url(IdentityProvider, "add"), form({prefix: rows}, tenant=tenant.pk))

    assert answer.status_code == 200
    assert field in errors(answer)
    assert not IdentityProvider.objects.filter(slug="acme").exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("slug", "", id="no slug"),
        pytest.param("slug", "not a slug", id="a slug that is none"),
        pytest.param("entity_id", "", id="no entity ID"),
        pytest.param("sso_url", "", id="no sign-on URL"),
        pytest.param("sso_url", "javascript:alert(1)", id="a script for a sign-on URL"),
        pytest.param("sso_binding", "carrier pigeon", id="an unknown binding"),
        pytest.param("unsolicited", "believe", id="an unknown policy"),
        pytest.param("tenant", "", id="no tenant"),
    ],
)
def test_a_bad_column_is_said_beside_the_field(
    browser: Client, tenant: Tenant, field: str, value: str
) -> None:
    data = {**form(tenant=tenant.pk), field: value}

    answer = browser.post(url(IdentityProvider, "add"), data)

    assert list(errors(answer)) == [field]


def test_a_certificate_that_is_there_is_not_added_again(browser: Client) -> None:
    row = IdentityProviderFactory.create()
    there = SigningCertificate.objects.create(identity_provider=row, pem=CERTIFICATE)
    rows: list[dict[str, Any]] = [{"id": there.pk, "pem": CERTIFICATE}, {"pem": CERTIFICATE}]
    data = form({"certificates": rows}, tenant=row.tenant_id)
    data |= management("certificates", total=2, initial=1)

    answer = browser.post(url(IdentityProvider, "change", row.pk), data)

    assert errors(answer) == {"pem": "This certificate is there already."}


def test_the_slug_of_a_row_that_is_there_stays(browser: Client) -> None:
    row = IdentityProviderFactory.create(slug="first")

    page = browser.get(url(IdentityProvider, "change", row.pk))
    answer = browser.post(
        url(IdentityProvider, "change", row.pk), form(slug="second", tenant=row.tenant_id)
    )

    assert 'name="slug"' not in page.content.decode()
    assert answer.status_code == 302
    row.refresh_from_db()
    assert row.slug == "first"
    assert row.entity_id == "https://idp.example/"


def test_an_identity_provider_can_be_deleted_with_all_that_belongs_to_it(browser: Client) -> None:
    one_of_each()
    [row] = IdentityProvider.objects.all()
    delete = url(IdentityProvider, "delete", row.pk)

    assert "does not have permission" not in browser.get(delete).content.decode()
    assert browser.post(delete, {"post": "yes"}).status_code == 302

    assert not IdentityProvider.objects.exists()
    assert ProvisioningEvent.objects.exists()


# What a host's own admin may lack


def test_a_host_without_group_admin_has_a_plain_choice_of_groups(browser: Client) -> None:
    screen = admin.site.get_model_admin(Group)
    admin.site.unregister(Group)
    try:
        messages = django_checks.run_checks(tags=["admin"])
        page = browser.get(url(IdentityProvider, "add"))
    finally:
        admin.site.register(Group, type(screen))

    assert messages == []
    assert page.status_code == 200
    assert GroupMappingInline.model is GroupMapping
