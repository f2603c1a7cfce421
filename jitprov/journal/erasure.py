"""Forget a person whose account is deleted: what they said at their sign-ins, and by what they could be found.

Their identities, with what those note, are deleted by the database. Events stay, as numbers and codes.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q
from django.db.models.signals import pre_delete

from jitprov.journal.observed_claims import email_digests
from jitprov.models import ProvisioningEvent
from jitprov.models.batches import update_in_batches

_FORGOTTEN: dict[str, str] = {"claims": "", "email_digest": "", "network": ""}


def forget(user: Any) -> None:
    """Empty what events keep of a person: of their sign-ins, and of attempts with their e-mail address before those."""
    email = str(getattr(user, get_user_model().get_email_field_name(), "") or "")
    theirs = Q(user_id=user.pk) | Q(user_id=None, email_digest__in=email_digests(email))
    kept = ~Q(claims="") | ~Q(email_digest="") | ~Q(network="")
    update_in_batches(ProvisioningEvent.objects.filter(theirs & kept), **_FORGOTTEN)


def listen() -> None:
    """Forget people as their accounts are deleted, whoever deletes them."""
    pre_delete.connect(_forget, sender=get_user_model(), dispatch_uid="jitprov.erasure")


def _forget(instance: Any, **_: Any) -> None:
    forget(instance)
