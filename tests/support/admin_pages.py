"""Pages of the admin, and browsers that request them."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    TenantAdministrator,
)
from tests.support.factories import UserFactory

LIST = "/admin/jitprov/provisioningevent/"


class Seen(HTMLParser):
    """The parts of a page that matter to people who cannot see it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.columns_without_scope = 0
        self.inline = False
        self.feed(html.partition('id="content-main"')[2])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = dict(attrs)
        if tag in {"h1", "h2", "h3", "h4"}:
            self.headings.append(int(tag[1]))
        self.columns_without_scope += tag == "th" and "scope" not in names
        self.inline = self.inline or tag in {"style", "script"} or "style" in names


def administrator_of(*providers: IdentityProvider) -> Client:
    """Return a browser of an administrator, in which nobody signs in by SAML."""
    user = UserFactory.create(is_staff=True)
    for provider in providers:
        TenantAdministrator.objects.create(user=user, tenant=provider.tenant)
    browser = Client()
    browser.force_login(user)
    return browser


def page_of(found: ProvisioningEvent) -> str:
    return reverse("admin:jitprov_provisioningevent_change", args=[found.pk])


def person_page(user: Any) -> str:
    return reverse("admin:jitprov_person", args=[user.pk])


def text_of(browser: Client, address: str) -> str:
    answer = browser.get(address)
    assert answer.status_code == 200
    return str(answer.content.decode())


def listed(browser: Client, **question: str) -> list[str]:
    answer = browser.get(LIST, question)
    assert answer.status_code == 200
    return [row.reference for row in answer.context["cl"].result_list]


def statements(browser: Client, address: str) -> int:
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(address).status_code == 200
    return len(queries)


def change_identity(browser: Client, identity: ExternalIdentity, **columns: str) -> Any:
    formset = {
        f"granted_groups-{name}": number
        for name, number in (("TOTAL_FORMS", "0"), ("INITIAL_FORMS", "0"))
    }
    page = reverse("admin:jitprov_externalidentity_change", args=[identity.pk])
    return browser.post(page, {**formset, **columns})
