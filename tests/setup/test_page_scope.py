"""The set-up page and its buttons, requested by another tenant's administrator."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    EmailDomain,
    GroupMapping,
    IdentityProvider,
    SigningCertificate,
    TestSignIn,
)
from jitprov.setup import drafts, metadata
from jitprov.testing import FakeIdentityProvider
from tests.setup.pages import Page, administrator_of, errors_of, superuser, url
from tests.support.factories import TenantFactory, UserFactory, connected, map_group

pytestmark = pytest.mark.django_db

VIEWS = ["change", "metadata", "test", "switch", "sp_metadata", "delete", "history"]
ROWS: list[Any] = [SigningCertificate, ClaimMapping, GroupMapping]


def everything(slug: str) -> IdentityProvider:
    row = connected(FakeIdentityProvider(), slug=slug)
    map_group(row, "finance")
    return row


@pytest.fixture
def ours() -> IdentityProvider:
    return everything("ours")


@pytest.fixture
def theirs() -> IdentityProvider:
    return everything("theirs")


@pytest.fixture
def browser(client: Client, ours: IdentityProvider) -> Client:
    client.force_login(administrator_of(ours))
    return client


def as_it_was(row: IdentityProvider) -> list[Any]:
    tables = [IdentityProvider.objects.filter(pk=row.pk)]
    tables += [model.objects.filter(identity_provider=row) for model in ROWS]
    return [list(table.order_by("pk").values()) for table in tables]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("who", ["another tenant's", "nobody's"])
def test_another_tenants_identity_provider_answers_404(
    browser: Client, theirs: IdentityProvider, view: str, who: str
) -> None:
    if who == "nobody's":
        browser.force_login(UserFactory.create(is_staff=True))
    before = as_it_was(theirs)
    post = {"_disable": "x", "_enable": "x", "_save": "x", "post": "yes"}

    read = browser.get(url(view, theirs.pk)).status_code
    written = browser.post(url(view, theirs.pk), post).status_code
    missing = browser.get(url(view, 10**6)).status_code

    assert (read, missing) == (404, 404)
    assert written == 404
    assert as_it_was(theirs) == before
    assert not TestSignIn.objects.exists()


def test_the_report_of_another_tenants_test_answers_404(
    browser: Client, ours: IdentityProvider, theirs: IdentityProvider
) -> None:
    stranger = administrator_of(theirs)
    client = Client()
    client.force_login(stranger)
    client.post(url("test", theirs.pk))
    reference = TestSignIn.objects.get().reference

    assert browser.get(url("report", theirs.pk, reference)).status_code == 404
    assert browser.get(url("report", ours.pk, reference)).status_code == 404
    assert client.get(url("report", theirs.pk, reference)).status_code == 200


@pytest.mark.parametrize("model", ROWS)
@pytest.mark.parametrize("change", ["edit", "delete"])
def test_a_guessed_primary_key_of_another_tenants_row_is_refused(
    browser: Client, ours: IdentityProvider, theirs: IdentityProvider, model: Any, change: str
) -> None:
    prefix = {
        SigningCertificate: "certificates",
        ClaimMapping: "claim_mappings",
        GroupMapping: "group_mappings",
    }[model]
    guessed = model.objects.filter(identity_provider=theirs).first().pk
    before = as_it_was(theirs)
    changes = {f"{prefix}-0-id": str(guessed)}
    if change == "delete":
        changes[f"{prefix}-0-DELETE"] = "on"

    Page(browser, ours).save(changes)

    assert as_it_was(theirs) == before


def test_a_guessed_primary_key_gets_the_error_of_a_row_that_does_not_exist(
    browser: Client, ours: IdentityProvider, theirs: IdentityProvider
) -> None:
    guessed = theirs.claim_mappings.all()[0].pk

    answers = [
        Page(browser, ours).save({"claim_mappings-0-id": value})
        for value in (str(guessed), str(10**6), "x", "")
    ]

    for answer in answers:
        assert answer.status_code == 200
        assert any(name.startswith("claim_mappings-0") for name in errors_of(answer))


def test_rows_cannot_be_moved_to_another_identity_provider(
    browser: Client, ours: IdentityProvider, theirs: IdentityProvider
) -> None:
    before = as_it_was(theirs)

    Page(browser, ours).save(
        {
            "claim_mappings-0-identity_provider": str(theirs.pk),
            "by_hand-tenant": str(theirs.tenant_id),
            "tenant": str(theirs.tenant_id),
            "by_hand-slug": "stolen",
            "by_hand-enabled": "",
        }
    )

    ours.refresh_from_db()
    assert (ours.slug, ours.tenant_id == theirs.tenant_id, ours.enabled) == ("ours", False, True)
    assert as_it_was(theirs) == before


def test_a_document_sealed_for_another_row_is_not_saved(
    browser: Client, ours: IdentityProvider, theirs: IdentityProvider
) -> None:
    document = FakeIdentityProvider().metadata_xml().encode()
    sealed = metadata.read(theirs, document).sealed
    before = as_it_was(ours)

    browser.post(url("metadata", ours.pk), {"sealed": sealed, "_save_metadata": "x"})

    assert as_it_was(ours) == before


def test_the_page_shows_nothing_of_another_tenant(
    browser: Client, ours: IdentityProvider, theirs: IdentityProvider
) -> None:
    EmailDomain.objects.create(identity_provider=theirs, domain="theirs.example")

    assert "theirs" not in Page(browser, ours).get().content.decode()


# Drafts


def draft(browser: Client, **typed: Any) -> Any:
    return browser.post(url("add"), {"preset": "entra", "slug": "", **typed})


def test_a_draft_is_made_with_the_mappings_of_its_preset(
    browser: Client, ours: IdentityProvider
) -> None:
    answer = draft(browser, tenant=ours.tenant_id)

    made = IdentityProvider.objects.exclude(pk=ours.pk).get()
    assert answer["Location"] == url("change", made.pk) + "?step=give"
    assert (made.enabled, made.is_draft, made.tenant_id) == (False, True, ours.tenant_id)
    assert made.slug.startswith(ours.tenant.slug)
    assert made.subject_claim
    assert made.claim_mappings.count() == 4
    assert ConfigurationChange.objects.filter(identity_provider=made).exists()
    assert browser.get(url("change", made.pk)).status_code == 200


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("tenant", {"tenant": ""}),
        ("preset", {"preset": "carrier pigeon"}),
        ("slug", {"slug": "not a slug"}),
        ("slug", {"slug": "theirs"}),
    ],
)
def test_an_invalid_draft_is_refused_at_its_field(
    browser: Client,
    ours: IdentityProvider,
    theirs: IdentityProvider,
    field: str,
    typed: dict[str, str],
) -> None:
    answer = draft(browser, **{"tenant": ours.tenant_id, **typed})

    assert list(answer.context["form"].errors) == [field]


def test_no_draft_is_made_for_another_tenant(
    browser: Client, ours: IdentityProvider, theirs: IdentityProvider
) -> None:
    page = browser.get(url("add")).content.decode()
    answer = draft(browser, tenant=theirs.tenant_id)

    assert theirs.tenant.name not in page
    assert list(answer.context["form"].errors) == ["tenant"]
    assert IdentityProvider.objects.count() == 2


def test_with_many_tenants_the_tenant_is_typed(
    client: Client, ours: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drafts, "MAX_TENANTS", 1)
    wanted = TenantFactory.create()
    TenantFactory.create()
    client.force_login(superuser())

    unknown = draft(client, tenant="nobody")
    answer = draft(client, tenant=wanted.slug)

    assert list(unknown.context["form"].errors) == ["tenant"]
    assert answer.status_code == 302
    assert IdentityProvider.objects.filter(tenant=wanted).exists()


def test_staff_without_a_tenant_cannot_make_a_draft(client: Client, ours: IdentityProvider) -> None:
    client.force_login(UserFactory.create(is_staff=True))

    assert client.get(url("add")).status_code in (403, 404)
    assert draft(client, tenant=ours.tenant_id).status_code in (403, 404)


# CSRF, downloads and links of the page


@pytest.mark.parametrize("view", ["metadata", "test", "switch"])
def test_views_that_change_something_need_a_post_with_a_csrf_token(
    ours: IdentityProvider, view: str
) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(superuser())

    assert browser.get(url(view, ours.pk))["Location"] == url("change", ours.pk)
    assert browser.post(url(view, ours.pk)).status_code == 403


def test_our_metadata_is_downloaded_as_a_file(browser: Client, ours: IdentityProvider) -> None:
    answer = browser.get(url("sp_metadata", ours.pk))

    assert answer["Content-Disposition"] == 'attachment; filename="ours-metadata.xml"'
    assert ours.as_service_provider().entity_id in answer.content.decode()


def test_only_superusers_see_the_link_to_setup_links(
    browser: Client, ours: IdentityProvider
) -> None:
    links = reverse("admin:jitprov_setuplink_changelist")

    assert links not in browser.get(url("change", ours.pk)).content.decode()
    browser.force_login(superuser())
    assert links in browser.get(url("change", ours.pk)).content.decode()
