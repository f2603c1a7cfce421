from __future__ import annotations

from django.db import models


class Organisation(models.Model):
    """A host's own tenant model without a slug and a name, and without anything from jitprov."""

    code = models.CharField(max_length=20, unique=True)
    is_active = models.BooleanField(default=True)

    def __str__(self) -> str:
        return self.code
