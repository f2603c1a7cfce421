"""Define the Django app, which registers the system checks and does nothing else."""

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
        # Importing registers; models must be loaded first.
        from jitprov import checks, database_checks  # noqa: F401, PLC0415
