"""Define the job that refreshes metadata every day: some identity providers at the same time, each by its own lease."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from django.db.models import QuerySet

from jitprov.jobs import Job, Lease
from jitprov.journal.actors import Actor
from jitprov.metadata.federation_map import in_batches
from jitprov.metadata.refresh import AT_ONCE, Document, fetch_all, save
from jitprov.models import IdentityProvider

NAME = "refresh_metadata"
TOGETHER = 100
"""Identity providers at once, so that a federation's file is fetched once for so many. Other files a few at a time."""


def _with_url() -> QuerySet[IdentityProvider, IdentityProvider]:
    return IdentityProvider.objects.exclude(metadata_url="")


def _refresh(leases: Sequence[Lease]) -> None:
    rows = _with_url().in_bulk([lease.subject for lease in leases])
    by_url: dict[str, list[tuple[Lease, IdentityProvider]]] = defaultdict(list)
    for lease in leases:
        if lease.subject in rows:  # else it is gone, or has no URL any more
            row = rows[lease.subject]
            by_url[row.metadata_url].append((lease, row))
    for urls in in_batches(sorted(by_url), AT_ONCE):
        documents = fetch_all(urls)
        for url in urls:
            for lease, row in by_url[url]:
                _save(lease, row, documents[url])


def _save(lease: Lease, row: IdentityProvider, document: Document) -> None:
    with lease.attempt():
        outcome = save(row, document, Actor.command(NAME), lease.transaction)
        if outcome.error is not None:
            raise outcome.error


JOB = Job(
    name=NAME,
    run=_refresh,
    every=timedelta(days=1),
    at_once=TOGETHER,
    subjects=_with_url,
    together="metadata_url",
    is_told_elsewhere=True,
)
