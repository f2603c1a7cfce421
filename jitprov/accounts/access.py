"""Take somebody's access away and give it back, whoever asks for it: one routine for all roads.

It is about one person at one identity provider. Their account follows only where it is ours to switch off, and what a
host's staff switched off by hand is never switched on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

from django.core.exceptions import FieldDoesNotExist
from django.db import models, transaction
from django.utils import timezone

from jitprov import signals
from jitprov.accounts import sessions
from jitprov.accounts.contention import persevere
from jitprov.host.provisioner import Provisioner, ProvisioningRefused, provisioner_for
from jitprov.journal import events
from jitprov.journal.actors import Actor
from jitprov.models import (
    ExternalIdentity,
    GrantedGroup,
    Outcome,
    ProvisioningEvent,
    Road,
    accounts_database,
)
from jitprov.models.events import BY_HAND, DIRECTORIES
from jitprov.models.identities import MAX_REASON
from jitprov.provisioning.types import RefusalReason, Refuse


class Account(models.TextChoices):
    """What became of the account of somebody whose access ended."""

    SWITCHED_OFF = "switched_off"
    ALREADY_OFF = "already_off"
    NOT_OURS = "not_ours"
    """It was there before, or the host's people made it."""
    HAS_PASSWORD = "has_password"  # noqa: S105 -- no password
    ABOVE_TENANT = "above_tenant"
    OTHER_IDENTITY = "other_identity"
    """Another identity of the person is active."""
    SWITCHED_ON = "switched_on"
    LEFT_AS_IT_IS = "left_as_it_is"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Order:
    """What is asked for: by which road, why and by whom."""

    road: Road
    reason: str
    actor: Actor | None


_Result: TypeAlias = ProvisioningEvent | ProvisioningRefused | None
_Work: TypeAlias = Callable[[ExternalIdentity, Provisioner, _Order], _Result]


def deprovision(
    identity: ExternalIdentity,
    reason: str = "",
    source: Road | str = Road.CODE,
    *,
    actor: Actor | None = None,
) -> ProvisioningEvent | None:
    """End a person's access by one identity provider: their sessions, and their account where that is ours.

    Return the event; ``None`` if access had ended before, or the identity is gone. What else is wrong with the person,
    the mapping or the identity provider is in nobody's way.

    :param reason: for those who look it up, up to 200 characters; the rest is cut.
    :param source: the road by which this comes.
    :param actor: who asks for it, where somebody does.
    :raises ProvisioningRefused: :meth:`~jitprov.provisioner.Provisioner.may_leave` said no. Recorded.
    :raises TryAgain: other transactions were in the way too often.
    """
    return _carried_out(identity, _Order(road=Road(source), reason=reason, actor=actor), _end)


def reprovision(
    identity: ExternalIdentity,
    reason: str = "",
    source: Road | str = Road.CODE,
    *,
    actor: Actor | None = None,
) -> ProvisioningEvent | None:
    """Give a person's access back, and switch the account on if it was us who switched it off.

    Return the event; ``None`` if there was nothing to give back. Sessions that were ended stay ended. A leaving date
    that has passed is forgotten.

    :raises ProvisioningRefused: a directory asks, and it was no directory that took the access away. Recorded.
    :raises TryAgain: other transactions were in the way too often.
    """
    return _carried_out(identity, _Order(road=Road(source), reason=reason, actor=actor), _give_back)


def end_now(identity: ExternalIdentity, host: Provisioner, source: Road) -> _Result:
    """End access in the caller's transaction, which has locked the identity and its user."""
    return _end(identity, host, _Order(road=source, reason="", actor=None))


def give_back_now(identity: ExternalIdentity, host: Provisioner, source: Road) -> _Result:
    """Give access back in the caller's transaction, which has locked the identity and its user."""
    return _give_back(identity, host, _Order(road=source, reason="", actor=None))


def _carried_out(
    identity: ExternalIdentity, order: _Order, work: _Work
) -> ProvisioningEvent | None:
    result = persevere(partial(_once, identity.pk, order, work))
    if isinstance(result, ProvisioningRefused):
        raise result  # after the commit, so that it is recorded
    return result


def _once(key: int, order: _Order, work: _Work) -> _Result:
    with transaction.atomic(using=accounts_database()):
        # The identity and its user, as a sign-in locks them: whoever is second sees what the first did.
        rows = ExternalIdentity.objects.using(accounts_database()).select_related("user")
        identity = rows.select_for_update().filter(pk=key).first()
        if identity is None:
            return None
        return work(identity, provisioner_for(identity.identity_provider), order)


# Ending


def _end(identity: ExternalIdentity, host: Provisioner, order: _Order) -> _Result:
    if not identity.active:
        return _taken_over(identity, order)
    if refusal := host.may_leave(identity):
        return _refused(identity, order, refusal, Outcome.KEPT)
    details = {
        "sessions": sessions.begun_and_live(identity),
        "account": _switch_off(identity, host).value,
        "groups": {"joined": [], "left": _take_groups(identity, host)},
    }
    identity.active = False
    _note(identity, order)
    sessions.end_sessions_of(ExternalIdentity.objects.filter(pk=identity.pk))
    host.access_ended(identity.user, identity)
    return _recorded(identity, order, Outcome.ENDED, details)


def _taken_over(identity: ExternalIdentity, order: _Order) -> ProvisioningEvent | None:
    """Let a person's decision stand in the place of a date's or a directory's, which could be undone otherwise."""
    if order.road not in BY_HAND or identity.ended_by in BY_HAND or not identity.ended_by:
        return None
    _note(identity, order)
    return _recorded(identity, order, Outcome.ENDED, {"account": Account.ALREADY_OFF.value})


def _note(identity: ExternalIdentity, order: _Order) -> None:
    identity.ended_at, identity.ended_by = timezone.now(), order.road
    identity.ended_reason = order.reason[:MAX_REASON]
    identity.save(update_fields=["active", "ended_at", "ended_by", "ended_reason", "ended_account"])


def _switch_off(identity: ExternalIdentity, host: Provisioner) -> Account:
    """Switch the account off if it is ours to switch off; return what became of it."""
    user: Any = identity.user
    if kept := _reason_to_keep(identity, host):
        return kept
    # The mark of an earlier end says nothing any more: somebody has switched the account on since.
    _ended_with(user).update(ended_account=False)
    user.is_active = False
    user.save()
    identity.ended_account = True
    return Account.SWITCHED_OFF


def _reason_to_keep(identity: ExternalIdentity, host: Provisioner) -> Account | None:
    user: Any = identity.user
    theirs = ExternalIdentity.objects.filter(user=user)
    if not user.is_active:
        return Account.ALREADY_OFF
    if not _is_column(user) or not theirs.filter(made_account=True).exists():
        return Account.NOT_OURS
    if user.has_usable_password():
        return Account.HAS_PASSWORD
    if theirs.filter(active=True).exclude(pk=identity.pk).exists():
        return Account.OTHER_IDENTITY
    return Account.ABOVE_TENANT if host.exceeds_tenant(user) else None


def _is_column(user: Any) -> bool:
    """Say whether a user model stores who is active: Django's own says yes to all where it does not."""
    try:
        user._meta.get_field("is_active")
    except FieldDoesNotExist:
        return False
    return True


def _take_groups(identity: ExternalIdentity, host: Provisioner) -> list[int]:
    """Take the groups away that were granted, if the host wants that; they stay on record. Return those."""
    groups: Any = getattr(identity.user, "groups", None)
    if groups is None or host.keeps_groups(identity):
        return []
    granted = identity.granted_groups.values_list("group_id", flat=True)
    others = GrantedGroup.objects.filter(identity__user=identity.user, identity__active=True)
    elsewhere = others.exclude(identity=identity).values_list("group_id", flat=True)
    left = sorted((set(granted) - set(elsewhere)) & set(groups.values_list("pk", flat=True)))
    groups.remove(*left)
    return left


# Giving back


def _give_back(identity: ExternalIdentity, host: Provisioner, order: _Order) -> _Result:
    if identity.active and not identity.has_left():
        return None
    if order.road in DIRECTORIES and identity.ended_by not in DIRECTORIES:
        refusal = Refuse(reason=RefusalReason.IDENTITY_DISABLED)
        return _refused(identity, order, refusal, Outcome.REFUSED)
    details = {
        "account": _switch_on(identity).value,
        "groups": {"joined": _return_groups(identity, host), "left": []},
    }
    identity.active, identity.ended_at, identity.ended_by = True, None, ""
    identity.ended_reason, identity.ended_account = "", False
    if identity.has_left():
        identity.leaves_at = None
    identity.save(
        update_fields=[
            "active",
            "ended_at",
            "ended_by",
            "ended_reason",
            "ended_account",
            "leaves_at",
        ]
    )
    return _recorded(identity, order, Outcome.RETURNED, details)


def _switch_on(identity: ExternalIdentity) -> Account:
    """Switch the account on if it was switched off with an identity of the person's."""
    user: Any = identity.user
    if not _ended_with(user).update(ended_account=False) or user.is_active:
        return Account.LEFT_AS_IT_IS
    user.is_active = True
    user.save()
    return Account.SWITCHED_ON


def _ended_with(user: Any) -> models.QuerySet[ExternalIdentity]:
    """Return the identities with which the account was switched off."""
    return ExternalIdentity.objects.filter(user=user, ended_account=True)


def _return_groups(identity: ExternalIdentity, host: Provisioner) -> list[int]:
    """Give the groups on record back that were taken away, as far as the host still lets this tenant give them."""
    groups: Any = getattr(identity.user, "groups", None)
    if groups is None or host.keeps_groups(identity):
        return []
    granted = set(identity.granted_groups.values_list("group_id", flat=True))
    missing = granted - set(groups.values_list("pk", flat=True))
    allowed = host.assignable_groups().filter(pk__in=missing).values_list("pk", flat=True)
    joined = sorted(allowed)
    groups.add(*joined)
    return joined


# What is written of it


def _refused(
    identity: ExternalIdentity, order: _Order, refusal: Refuse, outcome: Outcome
) -> ProvisioningRefused:
    error = ProvisioningRefused(refusal)
    event = events.record_access(
        identity, order.road, outcome, {"text": error.text, **_asked(order)}, reason=error.code
    )
    error.reference = event.reference
    return error


def _recorded(
    identity: ExternalIdentity, order: _Order, outcome: Outcome, details: dict[str, Any]
) -> ProvisioningEvent:
    event = events.record_access(identity, order.road, outcome, {**details, **_asked(order)})
    signal = signals.access_ended if outcome is Outcome.ENDED else signals.access_returned
    events.report(signal, identity.identity_provider, event, identity=identity, user=identity.user)
    return event


def _asked(order: _Order) -> dict[str, Any]:
    """Return why and by whom. A person is named by primary key, so that they can be forgotten in their turn."""
    actor = order.actor
    by = (
        {"user": str(actor.user.pk)}
        if actor and actor.user
        else {"name": actor.name if actor else ""}
    )
    return {"why": order.reason[:MAX_REASON], "by": by}
