"""Define the job that refreshes metadata every day: some identity providers at the same time, each by its own lease."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import QuerySet

from jitprov.jobs import Job, Lease
from jitprov.journal.actors import Actor
from jitprov.metadata.refresh import AT_ONCE, fetch_all, save
from jitprov.models import IdentityProvider

NAME = "refresh_metadata"


def _with_url() -> QuerySet[IdentityProvider, IdentityProvider]:
    return IdentityProvider.objects.exclude(metadata_url="")


def _refresh(leases: Sequence[Lease]) -> None:
    rows = _with_url().in_bulk([lease.subject for lease in leases])
    documents = fetch_all(list(rows.values()))
    actor = Actor.command(NAME)
    for lease in leases:
        row = rows.get(lease.subject)
        if row is not None:  # else it is gone, or has no URL any more
            with lease.attempt():
                outcome = save(row, documents[row.metadata_url], actor, lease.transaction)
                if outcome.error is not None:
                    raise outcome.error


JOB = Job(
    name=NAME,
    run=_refresh,
    every=timedelta(days=1),
    at_once=AT_ONCE,
    subjects=_with_url,
    is_told_elsewhere=True,
)
