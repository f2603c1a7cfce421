"""Store who may configure a tenant's sign-in."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf


class TenantAdministrator(models.Model):
    """A staff user who configures one tenant's sign-in, and sees nothing of any other tenant."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        db_index=False,  # the constraint's begins with it
        related_name="administered_tenants",
        verbose_name=_("user"),
        help_text=_("Also needs the staff status, to come into the admin at all."),
    )
    tenant = models.ForeignKey(
        conf.TENANT_MODEL,
        on_delete=models.CASCADE,
        related_name="+",
        verbose_name=_("tenant"),
    )
    created_at = models.DateTimeField(_("given on"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("given by"),
    )

    class Meta:
        verbose_name = _("tenant administrator")
        verbose_name_plural = _("tenant administrators")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "tenant"], name="jitprov_administrator_once_per_tenant"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user}, {self.tenant}"
