from __future__ import annotations

from django.conf import settings
from django.db import models


class Customer(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    plan = models.CharField(max_length=10, default="business")
    owners = models.ManyToManyField(settings.AUTH_USER_MODEL)

    def __str__(self):
        return self.name
