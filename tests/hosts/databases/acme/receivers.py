from __future__ import annotations

from django.dispatch import receiver

from acme.models import Desk
from jitprov.signals import account_provisioned


@receiver(account_provisioned)
def give_a_desk(user, created, **kwargs):
    if created:
        Desk.objects.get_or_create(owner_id=user.pk)
