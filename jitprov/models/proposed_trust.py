"""Store what an identity provider would be trusted for, once a test sign-in has passed with it."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jitprov.models.changes import MAX_LABEL, Via
from jitprov.models.identity_providers import IdentityProvider


class ProposedTrust(models.Model):
    """New certificates, URLs or identifiers of an identity provider that has people. They count after a passed test."""

    identity_provider = models.OneToOneField(
        IdentityProvider, on_delete=models.CASCADE, related_name="proposed_trust"
    )
    columns = models.JSONField(default=dict)
    """New values by column of the identity provider."""
    certificates = models.JSONField(default=list)
    """Certificates to add: mappings of ``pem`` and ``allow_expired``."""
    removed = models.JSONField(default=list)
    """Fingerprints of certificates that go when these come."""
    proposed_by = models.CharField(_("who"), max_length=MAX_LABEL)
    via = models.CharField(_("how"), max_length=20, choices=Via)
    proposed_at = models.DateTimeField(_("when"), default=timezone.now)

    class Meta:
        verbose_name = _("proposed trust")
        verbose_name_plural = _("proposed trust")

    def __str__(self) -> str:
        return f"{self.identity_provider}: {', '.join(self.names)}"

    @property
    def names(self) -> list[str]:
        """Return what would change: columns, and ``certificates``."""
        return [*sorted(self.columns), *(["certificates"] if self.certificates else [])]

    def content(self) -> list[Any]:
        """Return what is proposed, to see whether it is the same as before."""
        return [self.columns, self.certificates, self.removed]
