from __future__ import annotations

from django.apps import AppConfig


class DesksConfig(AppConfig):
    """Desks and who has one today."""

    name = "example_site.desks"
    label = "desks"
