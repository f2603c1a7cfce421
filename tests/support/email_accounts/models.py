from __future__ import annotations

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class Person(AbstractBaseUser):
    """The least that Django takes for a user: no user name, no permissions, no groups, no staff."""

    email = models.EmailField(unique=True)
    last_name = models.CharField(max_length=100, blank=True)
    is_active = models.BooleanField(default=True)

    objects = BaseUserManager["Person"]()

    USERNAME_FIELD = "email"
