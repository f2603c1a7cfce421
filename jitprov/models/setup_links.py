"""Store the links that let somebody without an account set one identity provider up."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _


class Voucher(models.TextChoices):
    """Who must still be there for a setup link to work."""

    NOBODY = "", _("nobody")
    ACCOUNT = "account", _("the account that made it")
    ADMINISTRATOR = (
        "administrator",
        _("the account that made it, as an administrator of the tenant"),
    )


class SetupLink(models.Model):
    """A way to one identity provider's set-up page and nowhere else, until it expires or is revoked."""

    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider",
        on_delete=models.CASCADE,
        related_name="setup_links",
        verbose_name=_("identity provider"),
    )
    token_digest = models.CharField(max_length=64, unique=True, editable=False)
    """The digest of the token, which is shown once and kept nowhere."""
    recipient = models.CharField(
        _("for whom"), max_length=200, blank=True, help_text=_("Only so that you know it again.")
    )
    created_at = models.DateTimeField(_("made on"), auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="+",
        verbose_name=_("made by"),
    )
    voucher = models.CharField(
        _("rests on"),
        max_length=20,
        choices=Voucher,
        blank=True,
        default=Voucher.NOBODY,
        db_default=Voucher.NOBODY.value,
        editable=False,
    )
    """Kept apart from the maker, because the account may be deleted."""
    expires_at = models.DateTimeField(_("valid until"))
    revoked_at = models.DateTimeField(_("revoked on"), null=True, blank=True, editable=False)
    last_used_at = models.DateTimeField(_("last used on"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("setup link")
        verbose_name_plural = _("setup links")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.pk} {self.recipient}".strip()

    @property
    def works(self) -> bool:
        """Say whether it still opens the page."""
        return self.revoked_at is None and self.expires_at > timezone.now()
