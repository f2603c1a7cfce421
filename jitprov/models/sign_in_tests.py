"""Store test sign-ins with their reports."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.models.events import new_reference


class TestSignIn(models.Model):
    """A test sign-in, which signs nobody in: who began it, with which configuration, and the report."""

    __test__ = False  # not one of pytest's

    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider", on_delete=models.CASCADE, related_name="test_sign_ins"
    )
    reference = models.CharField(
        _("reference"), max_length=10, unique=True, default=new_reference, editable=False
    )
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        null=True,
        related_name="+",
        verbose_name=_("begun by"),
    )
    setup_link = models.ForeignKey(
        "jitprov.SetupLink", on_delete=models.CASCADE, null=True, related_name="+"
    )
    started_at = models.DateTimeField(_("begun on"), auto_now_add=True)
    expires_at = models.DateTimeField(_("kept until"), db_index=True)
    opened_at = models.DateTimeField(_("opened on"), null=True, editable=False)
    """When a browser opened the start address, which works once."""
    finished_at = models.DateTimeField(_("ended on"), null=True)
    report_url = models.CharField(max_length=2000)
    """The page on which the person who began it reads the report."""
    configuration_digest = models.CharField(max_length=64)
    """The digest of the configuration when the test began."""
    passed = models.BooleanField(_("passed"), null=True)
    code = models.CharField(_("refusal"), max_length=50, blank=True)
    report = models.TextField(blank=True)
    """The report, encrypted, because it holds every claim that came."""

    class Meta:
        verbose_name = _("test sign-in")
        verbose_name_plural = _("test sign-ins")
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return self.reference
