from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models


class User(AbstractUser):
    department = models.CharField(max_length=100, blank=True)
    cost_centre = models.CharField(max_length=20, blank=True)  # ours, not the directory's


class Customer(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)
    looked_after_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True)

    def __str__(self):
        return self.name
