"""Store the assertions that are used up, each for as long as it could be used again."""

from __future__ import annotations

from datetime import UTC, datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf


class ConsumedAssertion(models.Model):
    """An assertion that has been used. The INSERT is the check: it succeeds once, on whichever machine."""

    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider",
        on_delete=models.CASCADE,
        db_index=False,  # the constraint's begins with it
        related_name="+",
    )
    assertion_digest = models.CharField(max_length=64)
    expires_at = models.DateTimeField(_("to be remembered until"), db_index=True)

    class Meta:
        verbose_name = _("consumed assertion")
        verbose_name_plural = _("consumed assertions")
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "assertion_digest"], name="jitprov_assertion_used_once"
            ),
        ]

    def __str__(self) -> str:
        return self.assertion_digest[:16]


# What an identity provider calls the end may be the last second that there is.
_END_OF_TIME = datetime(9999, 12, 30, tzinfo=UTC)


def remembered_until(not_on_or_after: datetime) -> datetime:
    """Return until when a used assertion must be remembered: as long as a clock within the skew finds it valid."""
    return min(not_on_or_after, _END_OF_TIME) + 2 * conf.CLOCK_SKEW
