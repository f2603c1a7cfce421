from __future__ import annotations

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models


class PresentPeople(UserManager):
    def get_queryset(self):
        return super().get_queryset().filter(left_on=None)

    @classmethod
    def normalize_email(cls, email):
        return super().normalize_email(email).lower()


class Person(AbstractUser):
    display_name = models.CharField(max_length=300, blank=True)
    sort_name = models.CharField(max_length=300, editable=False)
    version = models.PositiveIntegerField(default=0, editable=False)
    changed_at = models.DateTimeField(auto_now=True)
    left_on = models.DateField(null=True, blank=True)

    def clean(self):
        super().clean()
        self.display_name = self.display_name or self.get_full_name()

    def save(self, *args, **kwargs):
        self.sort_name = f"{self.last_name}, {self.first_name}".casefold()
        self.version += 1
        super().save(*args, **kwargs)


class Employee(Person):
    desk = models.CharField(max_length=20, blank=True)

    objects = PresentPeople()
