"""Store when each job is due, who works on it at the moment, and how far it has come."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_CODE = 100
MAX_CURSOR = 255


class DueJob(models.Model):
    """A job, or what it has to do for one row. Whoever leases it writes a token, which each of its transactions checks."""

    name = models.CharField(max_length=100)
    subject = models.BigIntegerField(default=0)
    """The primary key of the row that it is for; 0 of a job that is for no row."""
    due_at = models.DateTimeField(db_index=True)
    leased_until = models.DateTimeField(null=True, editable=False)
    """While that is to come nobody else takes it; ``None`` if nobody works on it."""
    lease_token = models.CharField(max_length=32, blank=True, editable=False)
    failures = models.PositiveIntegerField(default=0)
    last_error_code = models.CharField(max_length=MAX_CODE, blank=True)
    """A code, or the name of a class of exceptions. Never a text, which could name a person."""
    last_started_at = models.DateTimeField(null=True, editable=False)
    last_finished_at = models.DateTimeField(null=True, editable=False)
    cursor = models.CharField(max_length=MAX_CURSOR, blank=True, editable=False)
    """Where to go on; empty at the beginning."""
    progress = models.JSONField(default=dict, blank=True)
    """What has been done, as numbers by name."""

    class Meta:
        verbose_name = _("due job")
        verbose_name_plural = _("due jobs")
        constraints = [
            models.UniqueConstraint(fields=["name", "subject"], name="jitprov_due_job_once")
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.subject}" if self.subject else self.name
