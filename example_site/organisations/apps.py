from __future__ import annotations

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """The tenants."""

    name = "example_site.organisations"
    label = "organisations"
