"""Define the Django app, which registers checks and jobs, and listens for new connections and for deleted accounts."""

from __future__ import annotations

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from jitprov import extras

JOBS = (
    "jitprov.accounts.leaving_dates.JOB",
    "jitprov.journal.pruning.JOB",
    "jitprov.metadata.refresh_job.JOB",
)
"""Our own jobs; those of an extra are enlisted by its own app."""


class JitprovConfig(AppConfig):
    """Single sign-on and provisioning."""

    name = "jitprov"
    label = "jitprov"
    verbose_name = _("single sign-on")
    default_auto_field = "django.db.models.BigAutoField"

    def import_models(self) -> None:
        from jitprov.checks.packages import require_xml_packages  # noqa: PLC0415

        require_xml_packages()
        super().import_models()
        from jitprov.models.tenants import require_tenant_model  # noqa: PLC0415

        require_tenant_model()

    def ready(self) -> None:
        extras.add(extras.Extra(name="jitprov", jobs=JOBS))
        # Importing registers; models must be loaded first.
        from jitprov.accounts.sessions import listen  # noqa: PLC0415
        from jitprov.checks import (  # noqa: F401, PLC0415
            host,
            product,
            rows,
            schema,
            sessions,
            settings,
            storage,
            user_model,
        )
        from jitprov.journal import erasure  # noqa: PLC0415
        from jitprov.models import retired  # noqa: PLC0415

        retired.listen()
        listen()
        schema.listen()
        erasure.listen()
