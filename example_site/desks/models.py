"""Desks and their bookings."""

from __future__ import annotations

from django.db import models

from example_site.organisations.models import Organisation
from example_site.people.models import User


class Desk(models.Model):
    """A place to work at."""

    organisation = models.ForeignKey(Organisation, on_delete=models.CASCADE, related_name="desks")
    name = models.CharField(max_length=50)
    place = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "name"], name="desks_one_desk_of_a_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Booking(models.Model):
    """A booking of a desk by a person for a day."""

    desk = models.ForeignKey(Desk, on_delete=models.CASCADE, related_name="bookings")
    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="bookings")
    day = models.DateField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["desk", "day"], name="desks_one_person_at_a_desk"),
            models.UniqueConstraint(fields=["person", "day"], name="desks_one_desk_for_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.desk_id} {self.day}"
