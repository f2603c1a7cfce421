from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import models
from django.utils.timezone import now

LIFETIME = timedelta(seconds=60)


def sha256(text):
    return hashlib.sha256(text.encode()).hexdigest()


class OneTimeCode(models.Model):
    """What a front end exchanges for a token, if it is the one that asked for the sign-in."""

    digest = models.CharField(max_length=64, unique=True)
    challenge = models.CharField(max_length=64)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    expires_at = models.DateTimeField()

    def __str__(self):
        return f"code {self.pk}"

    @classmethod
    def issue(cls, user, challenge):
        code = secrets.token_urlsafe(32)
        cls.objects.create(
            digest=sha256(code), challenge=challenge, user=user, expires_at=now() + LIFETIME
        )
        return code

    @classmethod
    def redeem(cls, code, verifier):
        """Return whose code it is, once; nothing if it is none, too old, or another front end's."""
        found = cls.objects.filter(digest=sha256(code)).select_related("user").first()
        if found is None or not cls.objects.filter(pk=found.pk).delete()[0]:
            return None  # the second condition: somebody else was quicker
        fits = secrets.compare_digest(found.challenge, sha256(verifier))
        return found.user if fits and found.expires_at > now() and found.user.is_active else None
