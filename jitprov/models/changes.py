"""Store every change to the configuration and who made it; written once, never altered."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf

MAX_LABEL = 255


class Via(models.TextChoices):
    """The ways by which changes come."""

    ADMIN = "admin", _("the admin")
    SETUP_LINK = "setup_link", _("a setup link")
    API = "api", _("the API")
    COMMAND = "command", _("a command")
    CODE = "code", _("the application")


class Action(models.TextChoices):
    """The kinds of changes."""

    ADDED = "added", _("added")
    CHANGED = "changed", _("changed")
    REMOVED = "removed", _("removed")
    DONE = "done", _("done")


class ConfigurationChange(models.Model):
    """One thing that was added, changed or removed, with each field's value before and after.

    Certificates are named by fingerprint. Rows that it names may be gone, so names are kept here as text.
    """

    created_at = models.DateTimeField(_("when"), auto_now_add=True, db_index=True)
    tenant = models.ForeignKey(
        conf.TENANT_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,  # another begins with it
        related_name="+",
        verbose_name=_("tenant"),
    )
    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider",
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,  # as above
        related_name="configuration_changes",
        verbose_name=_("identity provider"),
    )
    slug = models.CharField(_("slug"), max_length=100, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    actor = models.CharField(_("who"), max_length=MAX_LABEL)
    via = models.CharField(_("by way of"), max_length=20, choices=Via)
    what = models.CharField(_("what"), max_length=30)
    label = models.CharField(_("which"), max_length=MAX_LABEL, blank=True)
    action = models.CharField(_("action"), max_length=10, choices=Action)
    changes = models.JSONField(_("changes"), default=dict)
    note = models.CharField(_("note"), max_length=MAX_LABEL, blank=True)

    class Meta:
        verbose_name = _("configuration change")
        verbose_name_plural = _("configuration changes")
        ordering = ["-created_at", "-pk"]
        indexes = [
            models.Index(fields=["identity_provider", "-created_at"], name="jitprov_change_by_idp"),
            models.Index(fields=["tenant", "-created_at"], name="jitprov_change_by_tenant"),
        ]

    def __str__(self) -> str:
        return f"{self.what} {self.label} {self.action}"
