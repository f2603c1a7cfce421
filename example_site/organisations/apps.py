from __future__ import annotations

from django.apps import AppConfig


class OrganisationsConfig(AppConfig):
    """The app of the tenant model."""

    name = "example_site.organisations"
    label = "organisations"
