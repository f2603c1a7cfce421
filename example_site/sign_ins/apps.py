from __future__ import annotations

from django.apps import AppConfig


class SignInsConfig(AppConfig):
    """The app that stores the last sign-in of each person."""

    name = "example_site.sign_ins"
    label = "sign_ins"

    def ready(self) -> None:
        from example_site.sign_ins import receivers  # noqa: F401, PLC0415 -- importing connects them
