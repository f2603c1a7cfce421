from __future__ import annotations

import re
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from jitprov.admin import overview
from jitprov.models import (
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
    Tenant,
    TenantAdministrator,
)
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import IdentityProviderFactory, TenantFactory, UserFactory, connected

pytestmark = pytest.mark.django_db

INDEX, OWN_PAGE = "/admin/", "/admin/jitprov/"
STYLES = Path(overview.__file__).parent.parent / "static/jitprov/jitprov.css"


@pytest.fixture
def superuser(client: Client) -> Client:
    client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    return client


@pytest.fixture
def acme() -> Tenant:
    return TenantFactory.create(slug="acme", name="Acme Ltd")


def without_certificate(tenant: Tenant, slug: str) -> IdentityProvider:
    return IdentityProviderFactory.create(tenant=tenant, slug=slug)


def administrator_of(tenant: Tenant) -> Client:
    user = UserFactory.create(is_staff=True)
    TenantAdministrator.objects.create(user=user, tenant=tenant)
    client = Client()
    client.force_login(user)
    return client


def page(client: Client, url: str = INDEX) -> str:
    answer = client.get(url)
    assert answer.status_code == HTTPStatus.OK
    return answer.content.decode()


def in_words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


@pytest.mark.parametrize("url", [INDEX, OWN_PAGE])
def test_the_page_lists_what_needs_attention_by_tenant_with_links(
    url: str, superuser: Client, acme: Tenant
) -> None:
    row = without_certificate(acme, "acme-entra")

    html = page(superuser, url)

    link = reverse("admin:jitprov_identityprovider_change", args=[row.pk])
    assert "One thing needs attention" in html
    assert "<h3>Acme Ltd</h3>" in html
    assert f'<a href="{link}">acme-entra</a>' in html
    assert "Critical: acme-entra There is no signing certificate" in in_words(html)
    assert superuser.get(link).status_code == HTTPStatus.OK


def test_the_content_of_the_page_stays(superuser: Client) -> None:
    html = page(superuser)

    assert 'id="content-main"' in html
    assert 'id="recent-actions-module"' in html


def test_without_identity_providers_the_page_links_to_a_first_one(superuser: Client) -> None:
    link = reverse("admin:jitprov_identityprovider_add")

    assert f'href="{link}">Connect an identity provider</a>' in page(superuser)


def test_the_page_says_that_there_were_no_attempts(superuser: Client, acme: Tenant) -> None:
    IdentityProviderFactory.create(tenant=acme, enabled=False)

    html = page(superuser)

    assert "Nothing needs attention." in html
    assert "Nobody has tried to sign in in the last 30 days." in html


def test_a_tenants_administrator_sees_their_own_tenant(acme: Tenant) -> None:
    without_certificate(acme, "acme-entra")
    globex = TenantFactory.create(slug="globex", name="Globex")
    theirs = without_certificate(globex, "globex-okta")
    ProvisioningEvent.objects.create(
        tenant=globex, identity_provider=theirs, outcome=Outcome.REFUSED
    )

    html = page(administrator_of(acme))

    assert "One thing needs attention" in html
    assert "acme-entra" in html
    assert "lobex" not in html
    assert "Nobody has tried to sign in" in html


def test_staff_without_a_tenant_see_no_overview(client: Client, acme: Tenant) -> None:
    without_certificate(acme, "acme-entra")
    client.force_login(UserFactory.create(is_staff=True))

    html = page(client)

    assert "jitprov-overview" not in html
    assert "acme" not in html


def test_the_chart_and_the_table_show_the_same_numbers(superuser: Client, acme: Tenant) -> None:
    row = connected(FakeIdentityProvider(), tenant=acme)
    for outcome in (Outcome.CREATED, Outcome.UPDATED, Outcome.UPDATED, Outcome.REFUSED):
        ProvisioningEvent.objects.create(tenant=acme, identity_provider=row, outcome=outcome)

    html = page(superuser)

    assert 'role="img"' in html
    assert "3 sign-ins, of which 1 were first sign-ins, and 1 refusals." in html
    table = html[html.index("<tbody>") : html.index("</tbody>")]
    assert table.count("<tr>") == 30
    assert re.findall(r"<td>(\d+)</td>", table)[:3] == ["3", "1", "1"]


def test_the_overview_works_under_a_strict_content_security_policy(
    superuser: Client, acme: Tenant
) -> None:
    row = without_certificate(acme, "acme-entra")
    ProvisioningEvent.objects.create(tenant=acme, identity_provider=row, outcome=Outcome.CREATED)
    html = page(superuser)
    ours = html[html.index("jitprov/jitprov.css") : html.index("</section>")]

    assert "<script" not in ours
    assert not re.search(r"""\s(style|on\w+)=["']""", ours)
    assert "url(" not in STYLES.read_text()


def test_names_are_escaped(superuser: Client) -> None:
    without_certificate(TenantFactory.create(name="<b>Acme</b>"), "acme")

    assert "<h3>&lt;b&gt;Acme&lt;/b&gt;</h3>" in page(superuser)


def many(tenant: Tenant, number: int) -> None:
    long_ago = timezone.now() - timedelta(days=100)
    made = IdentityProvider.objects.bulk_create(
        IdentityProvider(
            slug=f"idp-{number}-{each}",
            tenant=tenant,
            entity_id="https://idp.example",
            sso_url="https://idp.example/sso",
            enabled_at=long_ago,
        )
        for each in range(number)
    )
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(tenant=tenant, identity_provider=row, outcome=outcome)
        for row in made
        for outcome in (Outcome.CREATED, Outcome.REFUSED)
    )


def statements(client: Client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        page(client, url)
    return len(captured)


@pytest.mark.parametrize("url", [INDEX, OWN_PAGE])
@pytest.mark.parametrize("who", ["superuser", "administrator"])
def test_the_number_of_statements_does_not_grow_with_identity_providers(
    url: str, who: str, superuser: Client, acme: Tenant
) -> None:
    browser = superuser if who == "superuser" else administrator_of(acme)
    many(acme, 10)
    few = statements(browser, url)
    many(acme, 2000)

    assert statements(browser, url) == few <= 30
    html = page(browser, url)
    assert "2010 things need attention" in html
    assert len(html) < 200_000
    assert html.count("<li class=") <= 100


def test_fifty_of_many_are_shown_folded_and_all_are_counted(
    superuser: Client, acme: Tenant
) -> None:
    many(acme, 60)

    html = page(superuser)

    assert "These are the first 50 of 60" in html
    assert html.count('class="jitprov-critical"') == 50
    assert '<details class="jitprov-attention">' in html


def test_a_short_list_is_shown_unfolded(superuser: Client, acme: Tenant) -> None:
    many(acme, 3)

    assert '<details class="jitprov-attention" open>' in page(superuser)


# Sites with templates of their own


def _extending(template: str) -> dict[str, Any]:
    """Return settings of a host whose theme has its own index, which comes before Django's."""
    return {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "loaders": [
                ("django.template.loaders.locmem.Loader", {"admin/index.html": template}),
                "django.template.loaders.app_directories.Loader",
            ],
        },
    }


def test_the_overview_is_added_to_a_themes_index(superuser: Client, acme: Tenant) -> None:
    without_certificate(acme, "acme-entra")
    theme = "<main>The theme's. {% block content %}Its list.{% endblock %}</main>"

    with override_settings(TEMPLATES=[_extending(theme)]):
        html = page(superuser)

    assert html.startswith("<main>The theme's.")
    assert "Its list." in html
    assert "acme-entra" in html


def test_a_site_with_its_own_index_template_keeps_it() -> None:
    plain, own = admin.AdminSite("plain"), admin.AdminSite("own")
    own.index_template = "acme/index.html"

    for site in (plain, own):
        overview.show_on_index(site)

    assert plain.index_template == overview.INDEX_TEMPLATE
    assert own.index_template == "acme/index.html"
