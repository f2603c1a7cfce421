"""The last sign-in of each person.

It is not in the app of the user model: jitprov's tables have foreign keys to that, so that its first migration cannot
have one to jitprov's.
"""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from example_site.people.models import User
from jitprov.models import IdentityProvider, ProvisioningEvent


class LastSignIn(models.Model):
    """The claims of a person's last sign-in, for the page that shows them."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="last_sign_in")
    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="+"
    )
    event = models.ForeignKey(
        ProvisioningEvent, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    claims = models.JSONField(default=dict)
    """The values of each claim, by its name."""
    trace = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    """The origin of each user field: target, source, received, steps, outcome and value."""

    def __str__(self) -> str:
        return f"{self.user_id}"
