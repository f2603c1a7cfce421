"""Store which requests to the API have made what, so that one that is repeated makes nothing more."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _

KEYS_KEPT = timedelta(days=1)
"""Time for which a request may be repeated."""


class IdempotencyKey(models.Model):
    """A request that was done. The INSERT is the check, in the transaction of what the request makes."""

    digest = models.CharField(max_length=64, unique=True)
    """Of the user and their key."""
    request_digest = models.CharField(max_length=64)
    made = models.CharField(_("primary key of what was made"), max_length=40, blank=True)
    created_at = models.DateTimeField(_("used on"), auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("idempotency key")
        verbose_name_plural = _("idempotency keys")

    def __str__(self) -> str:
        return self.digest[:16]
