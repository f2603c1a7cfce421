from __future__ import annotations

from django.db import models


class Desk(models.Model):
    """Something of the host's business, in the other database."""

    owner_id = models.BigIntegerField(unique=True)

    def __str__(self):
        return f"desk {self.pk}"
