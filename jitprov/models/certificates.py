"""Store the certificates whose signatures count."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.models.form_errors import beside
from jitprov.saml.certificates import load_certificate
from jitprov.saml.types import Certificate

COLUMNS = ("pem", "allow_expired")
"""The columns that a sign-in reads."""


class SigningCertificate(models.Model):
    """A certificate whose key may sign for an identity provider; several while one replaces another."""

    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider",
        on_delete=models.CASCADE,
        db_index=False,  # others begin with it
        related_name="certificates",
    )
    pem = models.TextField(_("certificate"))
    fingerprint = models.CharField(_("SHA-256 fingerprint"), max_length=64, editable=False)
    not_before = models.DateTimeField(_("valid from"), editable=False)
    not_after = models.DateTimeField(_("valid until"), editable=False)
    allow_expired = models.BooleanField(_("trust it after it has expired"), default=False)

    class Meta:
        verbose_name = _("signing certificate")
        verbose_name_plural = _("signing certificates")
        indexes = [
            # The overview asks when the certificates of all end; with this it reads none of them.
            models.Index(
                fields=["identity_provider", "not_after", "allow_expired"],
                name="jitprov_certificate_by_end",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "fingerprint"], name="jitprov_certificate_once_per_idp"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.fingerprint[:16]} ({self.not_after:%Y-%m-%d})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self._read()
        super().save(*args, **kwargs)

    def clean(self) -> None:
        if not self.pem:
            return  # the field itself reports it
        with beside("pem"):
            self._read()

    def _read(self) -> None:
        """Fill the columns that the certificate itself states, so that they can be shown and searched."""
        certificate: Certificate = load_certificate(self.pem)
        self.pem, self.fingerprint = certificate.pem, certificate.fingerprint
        self.not_before, self.not_after = certificate.not_before, certificate.not_after
