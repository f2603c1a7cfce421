"""The directories of the three tenants, each with its own keys and people."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from example_site.directory.applications import Application, registered
from example_site.directory.keys import kept_key_pair
from example_site.directory.people import (
    ACME_DIRECTORY,
    ACME_PEOPLE,
    GLOBEX_DIRECTORY,
    GLOBEX_PEOPLE,
    INITECH_DIRECTORY,
    INITECH_PEOPLE,
    Entry,
)
from jitprov.saml.types import Binding
from jitprov.testing import FakeIdentityProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """The directory of one organisation."""

    slug: str
    """The application's name in the URLs of Corner Desk."""
    name: str
    tenant_id: str
    application_id: str
    sso_binding: Binding
    people: tuple[Entry, ...]
    is_registered: bool = True
    """Whether Corner Desk is registered in this directory from the start."""

    @property
    def application(self) -> Application | None:
        """Return the registered application, with the only identifier and reply URL that this directory accepts."""
        return registered(self.slug) or (self._from_the_start() if self.is_registered else None)

    @property
    def metadata_url(self) -> str:
        """Return the URL that Entra calls the App Federation Metadata Url."""
        path = f"{self.tenant_id}/federationmetadata/2007-06/federationmetadata.xml"
        return f"{settings.DIRECTORY_URL}/{path}?appid={self.application_id}"

    def identity_provider(self) -> FakeIdentityProvider:
        """Return the identity provider that signs for this directory."""
        sso_url = f"{settings.DIRECTORY_URL}/{self.tenant_id}/saml2"
        return FakeIdentityProvider(
            tenant_id=self.tenant_id,
            sso_url=sso_url,
            sso_binding=self.sso_binding,
            slo_url=sso_url,
            key_pairs=[kept_key_pair(self.slug)],
        )

    def entry(self, key: str) -> Entry | None:
        """Return the person with a key."""
        return next((entry for entry in self.people if entry.key == key), None)

    def _from_the_start(self) -> Application:
        return Application(
            entity_id=self._application_url("metadata"), acs_url=self._application_url("acs")
        )

    def _application_url(self, view: str) -> str:
        path = reverse(f"jitprov:{view}", args=[self.slug], urlconf=settings.ROOT_URLCONF)
        return f"{settings.JITPROV_BASE_URL}{path}"


ACME = Directory(
    slug="acme",
    name="Acme",
    tenant_id=ACME_DIRECTORY,
    application_id="2f4a8c1e-6d3b-4e95-b0a7-81c5d9e2f360",
    sso_binding=Binding.REDIRECT,
    people=ACME_PEOPLE,
)
GLOBEX = Directory(
    slug="globex",
    name="Globex",
    tenant_id=GLOBEX_DIRECTORY,
    application_id="9b7d5f3a-1c8e-4a26-8d40-e6f1a2b3c4d5",
    # Entra accepts requests by redirect too; some others accept POST only, as one of these two does.
    sso_binding=Binding.POST,
    people=GLOBEX_PEOPLE,
)
INITECH = Directory(
    slug="initech",
    name="Initech",
    tenant_id=INITECH_DIRECTORY,
    application_id="c3e81d57-0a4f-4b92-97d6-5f2b8a1e7c04",
    sso_binding=Binding.REDIRECT,
    people=INITECH_PEOPLE,
    # Its admin connects it in the demo.
    is_registered=False,
)
DIRECTORIES = {directory.tenant_id: directory for directory in (ACME, GLOBEX, INITECH)}
