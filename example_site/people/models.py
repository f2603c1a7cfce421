"""The host's own user model."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

from example_site.organisations.models import Organisation

ADMINISTRATORS = "Administrators"
"""A group without permissions, whose meaning is up to the product."""


class User(AbstractUser):
    """A user of the product. Our own staff belongs to no organisation."""

    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, null=True, blank=True, related_name="people"
    )
    department = models.CharField(max_length=100, blank=True)
    job_title = models.CharField(max_length=100, blank=True)

    @property
    def is_administrator(self) -> bool:
        """Say whether the person administers the product for their organisation."""
        return self.groups.filter(name=ADMINISTRATORS).exists()
