"""Import many identity providers from one aggregate, which is read once and saved in batches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any

from django.conf import settings  # noqa: TID251 -- DEBUG is Django's setting, not one of ours
from django.db import IntegrityError, transaction

from jitprov.conf import conf
from jitprov.configuration.identity_providers import preset_columns
from jitprov.exceptions import JitprovError
from jitprov.host.tenant_fields import fields_of, has_own_fields
from jitprov.host.user_fields import mappable_fields
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.metadata.federation_map import MapRow, in_batches
from jitprov.metadata.importing import SlugRefused
from jitprov.metadata.rows import apply_metadata, new_identity_provider
from jitprov.metadata.source import ImportRefused
from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    IdentityProvider,
    RetiredName,
    SigningCertificate,
    Via,
    accounts_database,
    retired_elsewhere,
)
from jitprov.models.inserts import insert_rows
from jitprov.provisioning.presets import Preset
from jitprov.saml.aggregate import Aggregate, ByteSource, Entry, verified_aggregate
from jitprov.saml.metadata import MetadataRefused
from jitprov.saml.types import Certificate, IdpMetadata, MetadataNote

APPLICATION = Actor(via=Via.CODE, name="FederationImport")
BATCH_SIZE = 200
"""Identity providers in one transaction: a second's work at most, so that sign-ins are not kept waiting."""


class EntityRepeated(ImportRefused):
    """The aggregate has an identity provider more than once; only the first was imported."""

    code = "import_entity_repeated"


class EntityIdChanged(ImportRefused):
    """A row that people have signed in with would get another entity ID, perhaps another directory's."""

    code = "import_entity_id_changed"


class FederationIncomplete(ImportRefused):
    """Some rows of the map were refused, or are missing in the aggregate."""

    code = "import_incomplete"


class SignatureState(StrEnum):
    """The state of the aggregate's own signature."""

    VERIFIED = "verified"
    NOT_CHECKED = "not_checked"
    ABSENT = "absent"

    @classmethod
    def unchecked(cls, *, signed: bool) -> SignatureState:
        """Return the state for an aggregate whose signature was not checked."""
        return cls.NOT_CHECKED if signed else cls.ABSENT


@dataclass(frozen=True, slots=True, kw_only=True)
class RowChanged:
    """An identity provider that existed before and was changed."""

    slug: str
    fields: tuple[str, ...]
    certificates_added: int
    certificates_removed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowRefused:
    """A row of the map that was not imported, with the reason."""

    row: MapRow
    code: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RowNote:
    """A remark on the metadata of a row that was imported."""

    row: MapRow
    note: MetadataNote


@dataclass(slots=True, kw_only=True)
class Summary:
    """The outcome for each row of the map so far."""

    added: int = 0
    unchanged: int = 0
    changed: list[RowChanged] = field(default_factory=list)
    refused: list[RowRefused] = field(default_factory=list)
    notes: list[RowNote] = field(default_factory=list)
    missing: list[MapRow] | None = None
    """Rows whose entity the aggregate does not have; ``None`` until it was read to its end."""
    signature: SignatureState | None = None
    """``None`` until an entity has come."""

    @property
    def complete(self) -> bool:
        """Tell whether every row of the map was imported."""
        return not self.refused and self.missing == []

    @property
    def settled(self) -> int:
        """Return the number of rows that have an outcome, without those that are missing."""
        return self.added + self.unchanged + len(self.changed) + len(self.refused)

    def refuse(self, row: MapRow, refusal: JitprovError) -> None:
        """Add a row that was not imported, with the reason."""
        self.refused.append(RowRefused(row=row, code=refusal.code, reason=str(refusal)))


class FederationImport:
    """One import of the identity providers in a map from an aggregate."""

    def __init__(
        self,
        rows: Mapping[str, MapRow],
        *,
        now: datetime,
        preset: Preset | None = None,
        dry_run: bool = False,
        actor: Actor = APPLICATION,
    ) -> None:
        """Prepare the import; nothing is read or written yet.

        :param rows: by entity ID, as :func:`jitprov.metadata.federation_map.read_map` returns them.
        :param preset: ``None`` recognises each new identity provider by its metadata.
        :param dry_run: find out what would happen, and undo each batch.
        :param actor: who imports, for the record of changes.
        """
        self.summary = Summary()
        """Grows while :meth:`run` runs, and stays true if that ends early."""
        self._rows, self._now, self._preset, self._dry_run = rows, now, preset, dry_run
        self._actor = actor

    def verified(self, stream: ByteSource, trusted: Certificate) -> bytes:
        """Return the part of an aggregate that the trusted certificate's key signed, for :meth:`run`.

        It is read into memory, several times over, so ``JITPROV_METADATA_MAX_BYTES`` bounds it.

        :raises MetadataRefused: it is too large, can not be read, is not signed, or not by that key.
        """
        limit = conf.METADATA_MAX_BYTES
        document = verified_aggregate(
            stream.read(limit + 1), trusted=trusted, now=self._now, max_bytes=limit
        )
        self.summary.signature = SignatureState.VERIFIED
        return document

    def run(self, stream: ByteSource) -> None:
        """Read the aggregate once, and save its identity providers in batches, each in a transaction of its own.

        As :func:`jitprov.metadata.importing.import_metadata` does it with one, except that a row which knows people
        never gets another entity ID.

        :raises MetadataRefused: the aggregate can not be used, or not from here on. Batches saved before stay.
        """
        aggregate = Aggregate(
            stream, now=self._now, allow_http=settings.DEBUG, wanted=self._rows.keys()
        )
        missing = dict(self._rows)
        try:
            for batch in in_batches(self._usable(aggregate, missing), BATCH_SIZE):
                self._save(batch)
        finally:
            if aggregate.signed is not None and self.summary.signature is None:
                self.summary.signature = SignatureState.unchecked(signed=aggregate.signed)
        self.summary.missing = list(missing.values())

    def _usable(
        self, entries: Iterable[Entry], missing: dict[str, MapRow]
    ) -> Iterator[tuple[MapRow, IdpMetadata]]:
        repeated = set()
        for entry in entries:
            row = self._rows[entry.entity_id]
            if missing.pop(entry.entity_id, None) is None:
                repeated.add(entry.entity_id)
            elif isinstance(entry.outcome, MetadataRefused):
                self.summary.refuse(row, entry.outcome)
            else:
                yield row, entry.outcome
        for entity_id in repeated:
            refusal = EntityRepeated("The aggregate has it more than once; only the first counted.")
            self.summary.refuse(self._rows[entity_id], refusal)

    def _save(self, items: Sequence[tuple[MapRow, IdpMetadata]]) -> None:
        database = accounts_database()
        for _ in range(2):
            batch = _Batch(self._now, self._preset, self._actor)
            try:
                with transaction.atomic(using=database):
                    batch.save(items)
                    if self._dry_run:
                        transaction.set_rollback(True, using=database)
            except IntegrityError:
                continue  # somebody else was at the same rows: look again, once
            self._count(batch, items)
            return
        for row, _ in items:
            problem = "Somebody else changed identity providers at the same time. Run it again."
            self.summary.refuse(row, ImportRefused(problem))

    def _count(self, batch: _Batch, items: Sequence[tuple[MapRow, IdpMetadata]]) -> None:
        self.summary.added += len(batch.new)
        self.summary.unchanged += batch.unchanged
        self.summary.changed += batch.changed
        for row, refusal in batch.refused:
            self.summary.refuse(row, refusal)
        refused = {row.line for row, _ in batch.refused}
        self.summary.notes += (
            RowNote(row=row, note=note)
            for row, metadata in items
            if row.line not in refused
            for note in metadata.notes
        )


class _Batch:
    """Identity providers that are saved together. The number of statements does not grow with their number."""

    def __init__(self, now: datetime, preset: Preset | None, actor: Actor) -> None:
        self.new: list[tuple[IdentityProvider, IdpMetadata]] = []
        self.changed: list[RowChanged] = []
        self.refused: list[tuple[MapRow, ImportRefused]] = []
        self.unchanged = 0
        self._now, self._preset, self._actor = now, preset, actor
        self._touched: list[IdentityProvider] = []
        self._fields = {"updated_at"}
        self._certificates: list[dict[str, Any]] = []
        self._stale: list[int] = []

    def save(self, items: Sequence[tuple[MapRow, IdpMetadata]]) -> None:
        """Read the existing rows, compare, and write what differs."""
        rows = _existing_rows([row.slug for row, _ in items])
        pairs = [(rows.get(row.slug.casefold()), row, metadata) for row, metadata in items]
        known = _with_people([found for found, _, one in pairs if _renamed(found, one)])
        certificates = _certificates_of(rows.values())
        retired = _retired([row for found, row, _ in pairs if found is None])
        for found, row, metadata in pairs:
            if row.slug in retired:
                self.refused.append((row, SlugRefused(_RETIRED % row.slug)))
            elif found is None:
                self._add(row, metadata)
            elif refusal := _refusal(row, found, metadata, known):
                self.refused.append((row, refusal))
            else:
                self._update(found, metadata, certificates.get(found.pk, {}))
        changed = [*(row for row, _ in self.new), *self._touched]
        if changed:
            with audit.recorded_many(changed, self._actor):
                self._write()

    def _add(self, row: MapRow, metadata: IdpMetadata) -> None:
        identity_provider = new_identity_provider(
            metadata, self._preset, slug=row.slug, tenant_id=row.tenant_id
        )
        self.new.append((identity_provider, metadata))

    def _update(
        self, found: IdentityProvider, metadata: IdpMetadata, certificates: dict[str, int]
    ) -> None:
        changes = apply_metadata(found, metadata, self._preset)
        wanted = {one.fingerprint: one for one in metadata.signing_certificates}
        added = [one for fingerprint, one in wanted.items() if fingerprint not in certificates]
        stale = [key for fingerprint, key in certificates.items() if fingerprint not in wanted]
        if not (changes or added or stale):
            self.unchanged += 1
            return
        # Also if only a certificate is new: whatever remembers a row by its time must look again.
        found.updated_at = self._now
        self._touched.append(found)
        self._fields.update(change.field for change in changes)
        self._certificates += (_certificate_columns(found, one) for one in added)
        self._stale += stale
        changed = RowChanged(
            slug=found.slug,
            fields=tuple(change.field for change in changes),
            certificates_added=len(added),
            certificates_removed=len(stale),
        )
        self.changed.append(changed)

    def _write(self) -> None:
        if self.new:
            self._write_new()
        if self._touched:
            IdentityProvider.objects.bulk_update(self._touched, sorted(self._fields))
        if self._stale:
            SigningCertificate.objects.filter(pk__in=self._stale).delete()
        if self._certificates:
            insert_rows(SigningCertificate, self._certificates)

    def _write_new(self) -> None:
        insert_rows(IdentityProvider, [vars(row) for row, _ in self.new])
        slugs = [row.slug for row, _ in self.new]
        keys = dict(IdentityProvider.objects.filter(slug__in=slugs).values_list("slug", "pk"))
        for row, metadata in self.new:
            row.pk = keys[row.slug]
            self._certificates += (
                _certificate_columns(row, one) for one in metadata.signing_certificates
            )
        insert_rows(ClaimMapping, list(_mappings(row for row, _ in self.new)))


_RETIRED = "The slug %r was another tenant's and may still be trusted. Choose another."


def _mappings(rows: Iterable[IdentityProvider]) -> Iterator[dict[str, Any]]:
    columns_of, own = cache(preset_columns), has_own_fields()
    for row in rows:
        fields = frozenset(fields_of(row) if own else mappable_fields())
        for columns in columns_of(Preset(row.preset), fields):
            yield {**columns, "identity_provider_id": row.pk}


def _retired(rows: Sequence[MapRow]) -> set[str]:
    """Return the slugs of new rows that another tenant's identity provider had; one statement where none is retired."""
    if not rows or not RetiredName.objects.exists():
        return set()
    return {slug for row in rows for slug in retired_elsewhere([row.slug], row.tenant_id)}


def _existing_rows(slugs: Sequence[str]) -> dict[str, IdentityProvider]:
    # In no particular case: some databases find slugs equal that differ in it, and the map has each only once.
    rows = IdentityProvider.objects.select_for_update().filter(slug__in=slugs)
    return {row.slug.casefold(): row for row in rows}


def _certificates_of(rows: Iterable[IdentityProvider]) -> dict[int, dict[str, int]]:
    """Return the keys of each row's certificates by their fingerprints."""
    keys = [row.pk for row in rows]
    found: dict[int, dict[str, int]] = {}
    if keys:
        certificates = SigningCertificate.objects.filter(identity_provider__in=keys)
        for owner, fingerprint, key in certificates.values_list(
            "identity_provider_id", "fingerprint", "pk"
        ):
            found.setdefault(owner, {})[fingerprint] = key
    return found


def _renamed(found: IdentityProvider | None, metadata: IdpMetadata) -> bool:
    return found is not None and found.entity_id != metadata.entity_id


def _with_people(rows: Sequence[IdentityProvider | None]) -> set[int]:
    """Return the keys of those rows that people have signed in with."""
    if not rows:
        return set()
    people = ExternalIdentity.objects.filter(identity_provider__in=rows)
    return set(people.values_list("identity_provider_id", flat=True).distinct())


def _refusal(
    row: MapRow, found: IdentityProvider, metadata: IdpMetadata, known: set[int]
) -> ImportRefused | None:
    if found.tenant_id != row.tenant_id:
        return SlugRefused(f"The slug {row.slug!r} is taken by another tenant. Choose another.")
    if _renamed(found, metadata) and found.pk in known:
        return EntityIdChanged(
            f"The slug {row.slug!r} has the entity ID {found.entity_id!r}, and people are known by it: whoever "
            "runs this other directory could sign in as them. Choose another slug, or import it alone with --tenant."
        )
    return None


def _certificate_columns(
    identity_provider: IdentityProvider, certificate: Certificate
) -> dict[str, Any]:
    return {
        "identity_provider_id": identity_provider.pk,
        "pem": certificate.pem,
        "fingerprint": certificate.fingerprint,
        "not_before": certificate.not_before,
        "not_after": certificate.not_after,
        "allow_expired": False,
    }
