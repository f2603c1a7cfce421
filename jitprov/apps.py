"""The app: registers the system checks, nothing else."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JitprovConfig(AppConfig):
    """Single sign-on and provisioning."""

    name = "jitprov"
    label = "jitprov"
    verbose_name = _("single sign-on")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jitprov import checks  # noqa: F401, PLC0415 -- importing registers; models must be loaded first
