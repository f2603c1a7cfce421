"""What the product keeps of a sign-in.

Not in the app of the user model: jitprov's tables point at that, so its first migration cannot point back.
"""

from __future__ import annotations

from django.core.serializers.json import DjangoJSONEncoder
from django.db import models

from example_site.people.models import User
from jitprov.models import IdentityProvider, ProvisioningEvent


class LastSignIn(models.Model):
    """What came with a person's last sign-in, for the page that shows it."""

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="last_sign_in")
    identity_provider = models.ForeignKey(
        IdentityProvider, on_delete=models.CASCADE, related_name="+"
    )
    event = models.ForeignKey(
        ProvisioningEvent, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    claims = models.JSONField(default=dict)
    """Each claim's values, by its name."""
    trace = models.JSONField(default=list, encoder=DjangoJSONEncoder)
    """How each user field came about: target, source, received, steps, outcome, value."""

    def __str__(self) -> str:
        return f"{self.user_id}"
