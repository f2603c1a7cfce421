"""Forget a person on request: empty what is kept of them here, ask the host about the account, and say what stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import QuerySet

from jitprov.accounts.sessions import end_sessions_of
from jitprov.host.provisioner import provisioner_for
from jitprov.journal import erasure
from jitprov.models import ExternalIdentity, FormerIdentity, ProvisioningEvent, SignInSession
from jitprov.models.batches import delete_in_batches, update_in_batches


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was emptied or deleted, or would be, by kind; and what stays, and why."""

    emptied: dict[str, int]
    kept: tuple[str, ...]


def forget_user(user: AbstractBaseUser, *, dry_run: bool) -> Report:
    """Empty what is kept of somebody with an account, then ask the host to erase that."""
    identities = ExternalIdentity.objects.filter(user_id=user.pk)
    known = list(identities.select_related("identity_provider"))
    emptied = {
        "events of sign-ins": _events(erasure.events_of(user), dry_run),
        "notes on where values come from": _notes(identities, dry_run),
        "sessions": _sessions(identities, dry_run),
        "traces of deleted identity providers": _deleted(
            FormerIdentity.objects.filter(user_id=user.pk), dry_run
        ),
    }
    erased = not dry_run and _erased(user, known)
    return Report(emptied=emptied, kept=() if erased else tuple(_kept(user, known)))


def forget_address(email: str, *, dry_run: bool) -> Report:
    """Empty what is kept of attempts with an e-mail address, of somebody who has no account any more."""
    events = _events(erasure.events_of_address(email), dry_run)
    kept = () if events else ("nothing: there was no attempt with this address.",)
    return Report(emptied={"events of sign-ins": events}, kept=kept)


def _erased(user: AbstractBaseUser, known: list[ExternalIdentity]) -> bool:
    return bool(known) and provisioner_for(known[0].identity_provider).erase(user)


def _events(events: QuerySet[ProvisioningEvent], dry_run: bool) -> int:
    return events.count() if dry_run else erasure.empty(events)


def _notes(identities: QuerySet[ExternalIdentity], dry_run: bool) -> int:
    noted = identities.exclude(provenance={}, ended_reason="")
    return noted.count() if dry_run else update_in_batches(noted, provenance={}, ended_reason="")


def _sessions(identities: QuerySet[ExternalIdentity], dry_run: bool) -> int:
    rows = SignInSession.objects.filter(identity__in=identities)
    if not dry_run:
        end_sessions_of(identities)
    return _deleted(rows, dry_run)


def _deleted(rows: QuerySet[Any], dry_run: bool) -> int:
    return rows.count() if dry_run else delete_in_batches(rows)


def _kept(user: AbstractBaseUser, known: list[ExternalIdentity]) -> list[str]:
    account = f"the account with the primary key {user.pk}: your application decides about it (Provisioner.erase)."
    return [
        account,
        *(
            f"the external ID of identity {one.pk} at {one.identity_provider.slug}: by it the person is known, and stays "
            "refused. It goes with the account."
            for one in known
        ),
        "events, as numbers and codes, until they are pruned.",
    ]
