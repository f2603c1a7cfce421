"""The host's own tenant model. jitprov has foreign keys to it, and requires nothing of it."""

from __future__ import annotations

from django.db import models


class Organisation(models.Model):
    """A customer. Nobody of a customer that is not ``is_active`` can sign in."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=200)
    is_active = models.BooleanField(default=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
