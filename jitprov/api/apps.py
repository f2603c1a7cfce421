"""The app configuration, which registers the system checks of the API."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JitprovApiConfig(AppConfig):
    """The REST API; it has no models."""

    name = "jitprov.api"
    label = "jitprov_api"
    verbose_name = _("single sign-on: API")

    def ready(self) -> None:
        from jitprov.api import checks  # noqa: F401, PLC0415 -- importing registers
