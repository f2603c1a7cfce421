"""The directories of the two tenants, each with keys and people of its own."""

from __future__ import annotations

from dataclasses import dataclass

from django.conf import settings
from django.urls import reverse

from example_site.directory.keys import kept_key_pair
from example_site.directory.people import (
    ACME_DIRECTORY,
    ACME_PEOPLE,
    GLOBEX_DIRECTORY,
    GLOBEX_PEOPLE,
    Entry,
)
from jitprov.saml.types import Binding
from jitprov.testing import FakeIdentityProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class Directory:
    """One organisation's directory, with Corner Desk registered as an application."""

    slug: str
    """The application's name in the URLs of Corner Desk."""
    name: str
    tenant_id: str
    sso_binding: Binding
    people: tuple[Entry, ...]

    @property
    def acs_url(self) -> str:
        """The one reply URL that is registered."""
        return self._application_url("acs")

    @property
    def audience(self) -> str:
        """The application's registered identifier."""
        return self._application_url("metadata")

    def identity_provider(self) -> FakeIdentityProvider:
        """Return what signs for this directory."""
        sso_url = f"{settings.DIRECTORY_URL}/{self.tenant_id}/saml2"
        return FakeIdentityProvider(
            tenant_id=self.tenant_id,
            sso_url=sso_url,
            sso_binding=self.sso_binding,
            slo_url=sso_url,
            key_pairs=[kept_key_pair(self.slug)],
        )

    def entry(self, key: str) -> Entry | None:
        """Return whom this key names."""
        return next((entry for entry in self.people if entry.key == key), None)

    def _application_url(self, view: str) -> str:
        path = reverse(f"jitprov:{view}", args=[self.slug], urlconf=settings.ROOT_URLCONF)
        return f"{settings.JITPROV_BASE_URL}{path}"


ACME = Directory(
    slug="acme",
    name="Acme",
    tenant_id=ACME_DIRECTORY,
    sso_binding=Binding.REDIRECT,
    people=ACME_PEOPLE,
)
GLOBEX = Directory(
    slug="globex",
    name="Globex",
    tenant_id=GLOBEX_DIRECTORY,
    # Entra takes requests by redirect too; some others by POST only, so one of the two does that here.
    sso_binding=Binding.POST,
    people=GLOBEX_PEOPLE,
)
DIRECTORIES = {directory.tenant_id: directory for directory in (ACME, GLOBEX)}
