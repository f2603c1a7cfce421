"""A host with one tenant, whose identity provider is imported as an operator would."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import override_settings

from example_site.demo.page import Page
from jitprov.models import ClaimMapping, GroupMapping, IdentityProvider, Tenant
from jitprov.sign_in.round_trip import COOKIE_PREFIX
from jitprov.testing.person import GROUPS_CLAIM
from tests.e2e.browser import Browser, form_of
from tests.e2e.directory import (
    DEPARTMENT_CLAIM,
    EDITORS,
    PASSWORD,
    READERS,
    RealIdentityProvider,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A tenant and its identity provider, each with the other's metadata."""

    base_url: str
    slug: str = "acme"

    @property
    def metadata_url(self) -> str:
        """Return the URL of our metadata, which is our entity ID too."""
        return f"{self.base_url}/saml/{self.slug}/metadata/"

    def login_url(self, next_url: str = "/") -> str:
        return f"{self.base_url}/saml/{self.slug}/login/?{urlencode({'next': next_url})}"

    def in_progress(self, browser: Browser) -> bool:
        """Say whether a request of this browser waits for its response."""
        return COOKIE_PREFIX in browser.cookies_for(self.base_url)


def connect(idp: RealIdentityProvider, base_url: str, folder: Path) -> Connection:
    """Connect a tenant's identity provider and a host by their metadata alone, and add mappings."""
    connection = Connection(base_url=base_url)
    Tenant.objects.create(slug="acme", name="Acme")
    file = folder / "idp-metadata.xml"
    file.write_bytes(idp.metadata())
    with override_settings(
        DEBUG=True
    ):  # otherwise its http URL would be refused, although it is on loopback
        call_command("import_idp_metadata", str(file), "--tenant=acme", f"--slug={connection.slug}")
    idp.trust(Browser().open(connection.metadata_url).html.encode())
    _map(IdentityProvider.objects.get(slug=connection.slug))
    return connection


def _map(row: IdentityProvider) -> None:
    """Add mappings that only the tenant's admin can know."""
    ClaimMapping.objects.create(
        identity_provider=row, position=100, sources=DEPARTMENT_CLAIM, target="department"
    )
    for name, value in {"Editors": EDITORS, "Readers": READERS}.items():
        group = Group.objects.create(name=name)
        GroupMapping.objects.create(
            identity_provider=row, claim=GROUPS_CLAIM, value=value, group=group
        )


def sign_in(browser: Browser, connection: Connection, name: str, next_url: str = "/") -> Page:
    """Sign a person in, from our login URL to the page that they wanted."""
    return browser.send(identified(browser, browser.open(connection.login_url(next_url)), name))


def identified(browser: Browser, login_page: Page, name: str) -> Page:
    """Submit the identity provider's login page; return the page that carries its response."""
    if form_of(login_page).fields.keys() == {
        "SAMLRequest"
    }:  # our form, which a script would submit
        login_page = browser.send(login_page)
    return browser.send(login_page, username=name, password=PASSWORD)


def response_in(page: Page) -> str:
    """Return the response that a page carries, as XML."""
    return base64.b64decode(form_of(page).fields["SAMLResponse"]).decode()
