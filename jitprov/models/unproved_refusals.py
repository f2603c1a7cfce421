"""Store how many messages of unproved origin were refused, apart from the configuration."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class UnprovedRefusals(models.Model):
    """The number of messages of unproved origin that were refused at one identity provider, ever."""

    identity_provider = models.OneToOneField(
        "jitprov.IdentityProvider",
        on_delete=models.CASCADE,
        primary_key=True,
        related_name="unproved_refusals",
    )
    count = models.PositiveBigIntegerField(default=0)
    counted_at = models.DateTimeField()
    """When the number was last written."""

    class Meta:
        verbose_name = _("refusals of unproved origin")
        verbose_name_plural = _("refusals of unproved origin")

    def __str__(self) -> str:
        return str(self.count)
