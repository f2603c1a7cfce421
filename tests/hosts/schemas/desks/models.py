from __future__ import annotations

from django.conf import settings
from django.db import models


class Member(models.Model):
    """Somebody at this customer: a row in the customer's own schema."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    department = models.TextField(blank=True)

    def __str__(self):
        return f"{self.user}"
