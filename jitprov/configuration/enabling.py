"""Enable and disable the sign-in of an identity provider or of people, and end sessions. Enabling needs a passed test."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models import Count, Max, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jitprov.accounts.access import deprovision, reprovision
from jitprov.accounts.sessions import end_sessions_by, end_sessions_of, look_up_again
from jitprov.exceptions import JitprovError
from jitprov.host.provisioner import ProvisioningRefused
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    Road,
    accounts_database,
)

WITHOUT_TEST = "enabled without a passing test"
"""The note in the record of changes."""
SESSIONS = "sessions"
"""The kind of object in the record of changes."""
IDENTITY = "identity"
"""Likewise."""


class NotComplete(JitprovError):
    """The configuration lacks something without which nobody can sign in."""

    code = "not_complete"


class NotTested(JitprovError):
    """No test sign-in has passed with the configuration as it is now."""

    code = "not_tested"


class State(models.TextChoices):
    """The state of an identity provider, from draft to enabled and switched off."""

    DRAFT = "draft", _("draft")
    TESTED = "tested", _("tested")
    ENABLED = "enabled", _("enabled")
    ATTENTION = "attention", _("attention needed")
    SWITCHED_OFF = "switched_off", _("switched off")


class Missing(models.TextChoices):
    """A step that is missing before people can sign in."""

    METADATA = "metadata", _("The identity provider's metadata has not been imported yet.")
    CERTIFICATE = "certificate", _("There is no signing certificate.")
    MAPPING = "mapping", _("No claim fills any user field.")
    TEST = "test", _("Run a test sign-in.")


def is_tested(identity_provider: IdentityProvider) -> bool:
    """Say whether a test sign-in has passed with the configuration as it is now."""
    digest = identity_provider.tested_digest
    return bool(digest) and digest == audit.configuration_digest(identity_provider)


def missing(identity_provider: IdentityProvider) -> list[Missing]:
    """Return the missing steps, in the order in which they are done."""
    found = _missing_for_a_test(identity_provider)
    if not identity_provider.claim_mappings.exists():
        found.append(Missing.MAPPING)
    if not is_tested(identity_provider):
        found.append(Missing.TEST)
    return found


def _missing_for_a_test(identity_provider: IdentityProvider) -> list[Missing]:
    found = []
    if identity_provider.is_draft:
        found.append(Missing.METADATA)
    if not identity_provider.certificates.exists():
        found.append(Missing.CERTIFICATE)
    return found


def can_be_tested(identity_provider: IdentityProvider) -> bool:
    """Say whether the configuration has what a test sign-in needs: metadata and a certificate."""
    return not _missing_for_a_test(identity_provider)


def state_of(
    identity_provider: IdentityProvider,
    *,
    tested: bool | None = None,
    needs_attention: bool = False,
) -> State:
    """Return the state of an identity provider.

    :param tested: the result of :func:`is_tested`, if the caller has it already.
    :param needs_attention: whether :mod:`jitprov.status.attention` reports anything.
    """
    if identity_provider.enabled:
        return State.ATTENTION if needs_attention else State.ENABLED
    if identity_provider.enabled_at is not None:
        return State.SWITCHED_OFF
    if tested is None:
        tested = is_tested(identity_provider)
    return State.TESTED if tested else State.DRAFT


def enable(identity_provider: IdentityProvider, actor: Actor, *, override: bool = False) -> None:
    """Enable the sign-in of an identity provider, and record it.

    :param override: enable without a passed test, which is recorded. The caller has checked that the actor may.
    :raises NotComplete: the metadata or the certificate is missing.
    :raises NotTested: no test sign-in has passed with the configuration as it is now.
    """
    with transaction.atomic(using=accounts_database()):
        # Locked, so that the configuration cannot change after it was checked.
        row = _locked(identity_provider)
        if not can_be_tested(row):
            raise NotComplete
        tested = is_tested(row)
        if not tested and not override:
            raise NotTested
        with audit.recorded(row, actor, "" if tested else WITHOUT_TEST):
            _set(row, enabled=True)
    identity_provider.enabled, identity_provider.enabled_at = row.enabled, row.enabled_at


def disable(identity_provider: IdentityProvider, actor: Actor) -> None:
    """Disable the sign-in of an identity provider, end the sessions that came by it, and record it."""
    with audit.recorded(identity_provider, actor):
        _set(identity_provider, enabled=False)
        end_sessions_by(IdentityProvider.objects.filter(pk=identity_provider.pk))


def end_sessions_for(identities: QuerySet[ExternalIdentity], actor: Actor) -> int:
    """End the sessions of people at their identity providers, and record it; return how many people.

    They may sign in again at once. Sessions of theirs that did not begin there go on.
    """
    with transaction.atomic(using=accounts_database()):
        count = end_sessions_of(identities)
        providers: Any = IdentityProvider.objects.filter(identities__in=identities)
        for row in providers.annotate(number=Count("identities"), one=Max("identities")):
            label = f"identity {row.one}" if row.number == 1 else f"{row.number} identities"
            audit.record_done(row, actor, SESSIONS, label=label, note="ended")
    return count


def end_sessions_for_everybody(identity_providers: QuerySet[IdentityProvider], actor: Actor) -> int:
    """End all sessions that began by these identity providers, and record it; return how many of those there are."""
    with transaction.atomic(using=accounts_database()):
        count = end_sessions_by(identity_providers)
        for row in identity_providers:
            audit.record_done(row, actor, SESSIONS, label="of everybody", note="ended")
    return count


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What became of many people whose access was to end or to be given back."""

    changed: int
    unchanged: int
    """To whom that had happened before."""
    refused: tuple[tuple[ExternalIdentity, ProvisioningRefused], ...]
    """Whom the host keeps, and why."""


def end_access_for(identities: QuerySet[ExternalIdentity], actor: Actor, reason: str = "") -> Done:
    """Switch people off at their identity providers, one after the other, and record it. To do it twice does no harm."""
    work = partial(deprovision, reason=reason, source=_road(actor), actor=actor)
    return _for_each(identities, actor, work, "switched off")


def give_access_back_to(
    identities: QuerySet[ExternalIdentity], actor: Actor, reason: str = ""
) -> Done:
    """Switch people on again at their identity providers, and record it."""
    work = partial(reprovision, reason=reason, source=_road(actor), actor=actor)
    return _for_each(identities, actor, work, "switched on")


def set_leaving_date(
    identities: QuerySet[ExternalIdentity], actor: Actor, at: datetime | None
) -> int:
    """Write down when people leave, or with ``None`` that nobody knows; record it, and return how many people."""
    with transaction.atomic(using=accounts_database()):
        rows = list(identities.select_related("identity_provider"))
        keys = [row.pk for row in rows]
        ExternalIdentity.objects.filter(pk__in=keys).update(leaves_at=at)
        look_up_again(keys)
        note = f"leaves on {at.isoformat(timespec='minutes')}" if at else "leaving date removed"
        for row in rows:
            record_about(row, actor, note)
    return len(keys)


def _road(actor: Actor) -> Road:
    return Road(actor.via.value)


def _for_each(
    identities: QuerySet[ExternalIdentity],
    actor: Actor,
    work: Callable[[ExternalIdentity], ProvisioningEvent | None],
    note: str,
) -> Done:
    """Do it for each person in a transaction of their own, so that no lock lasts longer than one person takes."""
    changed, refused = 0, []
    people = list(identities.select_related("identity_provider").order_by("pk"))
    for identity in people:
        try:
            event = work(identity)
        except ProvisioningRefused as error:
            refused.append((identity, error))
            continue
        if event is not None:
            record_about(identity, actor, note)
            changed += 1
    unchanged = len(people) - changed - len(refused)
    return Done(changed=changed, unchanged=unchanged, refused=tuple(refused))


def record_about(identity: ExternalIdentity, actor: Actor, note: str) -> None:
    """Record what was done about a person, with primary keys only: the record of changes holds no names from an identity provider."""
    label = f"identity {identity.pk} of user {identity.user_id}"
    audit.record_done(identity.identity_provider, actor, IDENTITY, label=label, note=note)


def _locked(identity_provider: IdentityProvider) -> IdentityProvider:
    found = IdentityProvider.objects.select_for_update().filter(pk=identity_provider.pk).first()
    if found is None:
        raise NotComplete  # deleted by somebody else
    return found


def _set(identity_provider: IdentityProvider, *, enabled: bool) -> None:
    identity_provider.enabled = enabled
    if enabled:
        identity_provider.enabled_at = timezone.now()
    identity_provider.save(update_fields=["enabled", "enabled_at", "updated_at"])
