from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models

ROLES = ["owner", "admin", "member"]  # the highest first


class User(AbstractUser):
    department = models.CharField(max_length=30, blank=True)
    employee_id = models.CharField(max_length=10, blank=True)


class Organisation(models.Model):
    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=100)

    def __str__(self):
        return self.name


class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE)
    role = models.CharField(max_length=10, choices=[(role, role) for role in ROLES])

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "organisation"], name="one_role_each")
        ]

    def __str__(self):
        return f"{self.user}: {self.role}"
