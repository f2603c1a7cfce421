from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.exceptions import ValidationError
from django.db import models


class Company(models.Model):
    slug = models.SlugField(unique=True)
    domain = models.CharField(max_length=100)

    def __str__(self):
        return self.slug


class User(AbstractUser):
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    seat = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(seat__lt=1000), name="seat_below_1000")
        ]

    def clean(self):
        super().clean()
        if self.email and not self.email.lower().endswith(f"@{self.company.domain}"):
            raise ValidationError({"email": "Not an address of the company."}, code="domain")
