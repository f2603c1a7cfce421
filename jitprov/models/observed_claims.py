"""Store the names of the claims that really arrive, never their values."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

MAX_CLAIM_NAME = 512
OBSERVED_COLUMNS = ("name", "last_seen")
"""The columns that a sign-in reads."""


class ObservedClaim(models.Model):
    """A claim that this identity provider sends, by name, with the days on which it first and last came."""

    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider",
        on_delete=models.CASCADE,
        db_index=False,  # the constraint's begins with it
        related_name="observed_claims",
    )
    name = models.CharField(_("claim"), max_length=MAX_CLAIM_NAME)
    name_digest = models.CharField(max_length=64, editable=False)
    first_seen = models.DateField(_("first seen on"))
    last_seen = models.DateField(_("last seen on"))

    class Meta:
        verbose_name = _("observed claim")
        verbose_name_plural = _("observed claims")
        constraints = [
            # On the digest, because collations may find two names equal that differ in case.
            models.UniqueConstraint(
                fields=["identity_provider", "name_digest"], name="jitprov_claim_observed_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name
