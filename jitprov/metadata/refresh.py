"""Fetch metadata again from its URL, because identity providers change certificates without notice.

If that fails, the last good copy stays, and the row says what went wrong.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TypeAlias

from django.db import transaction
from django.utils import timezone

from jitprov.exceptions import JitprovError
from jitprov.journal.actors import Actor
from jitprov.metadata.importing import ImportResult, import_metadata
from jitprov.metadata.source import ImportRefused, fetch_document
from jitprov.models import IdentityProvider, accounts_database
from jitprov.models.batches import Around
from jitprov.saml.metadata_refusals import EntityNotFound

AT_ONCE = 16
"""Documents that are fetched, and held in memory, at the same time."""

Document: TypeAlias = bytes | JitprovError
"""What was fetched, or why it could not be."""


class MetadataEntityChanged(ImportRefused):
    """The document now describes another identity provider, perhaps of another directory with other people."""

    code = "metadata_entity_changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refreshed:
    """The outcome of fetching one identity provider's metadata again."""

    identity_provider: IdentityProvider
    """The row as it was before."""
    result: ImportResult | None = None
    """``None`` if it failed, or if somebody changed the row in the meantime."""
    error: JitprovError | None = None

    @property
    def changed(self) -> bool:
        """Tell whether the fetch changed anything."""
        return self.result is not None and self.result.changed


def _transaction() -> AbstractContextManager[object]:
    return transaction.atomic(using=accounts_database())


def refresh(identity_provider: IdentityProvider, actor: Actor) -> Refreshed:
    """Fetch one identity provider's metadata again, and update its rows.

    The entity ID never changes in this way: whoever runs another directory could sign in as the people of this one.
    """
    return save(identity_provider, _fetched(identity_provider.metadata_url), actor)


def refresh_many(rows: Sequence[IdentityProvider], actor: Actor) -> list[Refreshed]:
    """Fetch the metadata of several identity providers at the same time; each is saved, or fails, by itself."""
    documents = fetch_all({row.metadata_url for row in rows})
    return [save(row, documents[row.metadata_url], actor) for row in rows]


def fetch_all(urls: Collection[str]) -> Mapping[str, Document]:
    """Return what is at some URLs, by the URL."""
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        # Only fetching, which needs no database, is done in threads.
        return dict(zip(urls, pool.map(_fetched, urls), strict=True))


def _fetched(url: str) -> Document:
    try:
        return fetch_document(url)
    except JitprovError as error:
        return error


def save(
    row: IdentityProvider, document: Document, actor: Actor, around: Around = _transaction
) -> Refreshed:
    """Update one identity provider's rows to what was fetched for it, or note the failure.

    :param around: makes the transaction that is written in.
    """
    try:
        if isinstance(document, JitprovError):
            raise document
        with around():
            return Refreshed(identity_provider=row, result=_import(row, document, actor))
    except JitprovError as error:
        with around():
            _remember_failure(row, error)
        return Refreshed(identity_provider=row, error=error)


def _import(row: IdentityProvider, document: bytes, actor: Actor) -> ImportResult | None:
    if not _is_as_it_was(row):
        return None
    try:
        return import_metadata(
            document,
            into=row,
            entity_id=row.entity_id,
            actor=actor,
            metadata_url=row.metadata_url,
        )
    except EntityNotFound as error:
        raise MetadataEntityChanged(str(error)).stating(
            expected=row.entity_id, received=error.present
        ) from error


def _is_as_it_was(row: IdentityProvider) -> bool:
    """Lock the row, and say whether its entity ID and URL are still those that the document was fetched for."""
    now = IdentityProvider.objects.select_for_update().filter(pk=row.pk).first()
    return now is not None and (
        (now.entity_id, now.metadata_url) == (row.entity_id, row.metadata_url)
    )


def _remember_failure(row: IdentityProvider, error: JitprovError) -> None:
    # Not through the object, which may be older than the row.
    IdentityProvider.objects.filter(pk=row.pk, metadata_url=row.metadata_url).update(
        metadata_error=error.code, metadata_checked_at=timezone.now()
    )
