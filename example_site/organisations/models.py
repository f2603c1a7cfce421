"""The host's own tenant model: jitprov points at it and asks nothing of it."""

from __future__ import annotations

from django.db import models


class Organisation(models.Model):
    """A customer. Whoever is not ``is_active`` has not paid: nobody of them signs in."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
