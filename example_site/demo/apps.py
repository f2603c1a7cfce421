from __future__ import annotations

from django.apps import AppConfig


class DemoConfig(AppConfig):
    """The app with the command ``demo``."""

    name = "example_site.demo"
    label = "demo"
