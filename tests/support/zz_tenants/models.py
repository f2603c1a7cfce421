from __future__ import annotations

from django.db import models


class Organisation(models.Model):
    """A host's own tenant: no slug, no name, nothing from jitprov."""

    code = models.CharField(max_length=20, unique=True)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code
