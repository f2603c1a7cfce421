"""Forget a person whose account is deleted: what they said at their sign-ins, and by what they could be found.

Their identities, with what those note, are deleted by the database. Events stay, as numbers and codes.
"""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q, QuerySet
from django.db.models.signals import pre_delete

from jitprov.journal.observed_claims import email_digests
from jitprov.models import ProvisioningEvent
from jitprov.models.batches import update_in_batches
from jitprov.models.events import LEAVING

_FORGOTTEN: dict[str, str] = {"claims": "", "email_digest": "", "network": ""}


def forget(user: Any) -> None:
    """Empty what events keep of a person: of their sign-ins, and of attempts with their e-mail address before those."""
    empty(events_of(user))


def events_of(user: Any) -> QuerySet[ProvisioningEvent]:
    """Return the events of a person that keep anything of them."""
    email = str(getattr(user, get_user_model().get_email_field_name(), "") or "")
    return _with_anything(Q(user_id=user.pk) | _of_address(email))


def events_of_address(email: str) -> QuerySet[ProvisioningEvent]:
    """Return the events of attempts with an e-mail address and without an account that keep anything of somebody."""
    return _with_anything(_of_address(email))


def empty(events: QuerySet[ProvisioningEvent]) -> int:
    """Empty what events keep of people, and return how many they were."""
    count = update_in_batches(events, **_FORGOTTEN)
    # What people said of somebody's leaving; of sign-ins there are only names and codes.
    update_in_batches(events.filter(outcome__in=LEAVING), details={})
    return count


def _of_address(email: str) -> Q:
    return Q(user_id=None, email_digest__in=email_digests(email))


def _with_anything(whose: Q) -> QuerySet[ProvisioningEvent]:
    said = (
        ~Q(claims="")
        | ~Q(email_digest="")
        | ~Q(network="")
        | (Q(outcome__in=LEAVING) & ~Q(details={}))
    )
    return ProvisioningEvent.objects.filter(whose & said)


def listen() -> None:
    """Forget people as their accounts are deleted, whoever deletes them."""
    pre_delete.connect(_forget, sender=get_user_model(), dispatch_uid="jitprov.erasure")


def _forget(instance: Any, **_: Any) -> None:
    forget(instance)
