from __future__ import annotations

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    """The app of the user model."""

    name = "example_site.people"
    label = "people"
