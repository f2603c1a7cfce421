from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """Users."""

    name = "example_site.people"
    label = "people"
