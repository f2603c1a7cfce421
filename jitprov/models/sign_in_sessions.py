"""Store which sign-in each session of a browser came from, so that it can be ended without being found."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_CONTEXT = 512
"""The longest authentication context or session index that is kept."""


class SignInSession(models.Model):
    """One sign-in. The session of the browser has the key; a session whose row is gone has ended."""

    key = models.CharField(max_length=32, unique=True, editable=False)
    identity = models.ForeignKey(
        "jitprov.ExternalIdentity",
        on_delete=models.CASCADE,
        related_name="sessions",
        verbose_name=_("external identity"),
    )
    identity_endings = models.PositiveIntegerField(default=0, editable=False)
    """``session_endings`` of the identity when it began: another number now means that it has been ended."""
    provider_endings = models.PositiveIntegerField(default=0, editable=False)
    """Likewise of the identity provider."""
    sealed_name_id = models.TextField(blank=True, editable=False)
    """The NameID with its format and qualifiers, exactly as it came, encrypted."""
    name_id_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    """A keyed digest of the NameID, by which a logout finds the session; empty if there is none, or from before it was kept."""
    session_index = models.CharField(max_length=MAX_CONTEXT, blank=True, editable=False)
    authn_context = models.CharField(
        _("authentication context"), max_length=MAX_CONTEXT, blank=True, editable=False
    )
    authn_instant = models.DateTimeField(_("authenticated on"), editable=False)
    created_at = models.DateTimeField(_("signed in on"), auto_now_add=True)
    ends_at = models.DateTimeField(_("ends on"), null=True, editable=False)
    """The end that the identity provider or the tenant has set, whatever the session's own."""
    kept_until = models.DateTimeField(db_index=True, editable=False)
    """The session is over by then, unless it is used meanwhile."""

    class Meta:
        verbose_name = _("session of a sign-in")
        verbose_name_plural = _("sessions of sign-ins")
        indexes = [
            models.Index(fields=["name_id_digest"], name="jitprov_session_by_name_id"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
