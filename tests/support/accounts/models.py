from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.core.validators import RegexValidator
from django.db import models


class User(AbstractUser):
    """A host's user with one field of every kind that a mapping may meet."""

    department = models.CharField(max_length=30, blank=True)
    job_title = models.CharField(max_length=100, blank=True)
    employee_number = models.CharField(
        max_length=10, unique=True, null=True, blank=True, validators=[RegexValidator(r"^\d+$")]
    )
    language = models.CharField(
        max_length=2, choices=[("en", "English"), ("de", "Deutsch")], default="en"
    )
    born_on = models.DateField(null=True, blank=True)
    floor = models.IntegerField(null=True, blank=True)
    is_contractor = models.BooleanField(default=False)
    badge = models.CharField(max_length=20, blank=True, editable=False)
    mentor = models.ForeignKey("self", null=True, blank=True, on_delete=models.SET_NULL)
