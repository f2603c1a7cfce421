from __future__ import annotations

from django.apps import AppConfig


class DesksConfig(AppConfig):
    """The app of desks and bookings."""

    name = "example_site.desks"
    label = "desks"
