"""Import one identity provider from a metadata document, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.apps import apps
from django.conf import settings  # noqa: TID251 -- DEBUG is Django's setting, not one of ours
from django.core.exceptions import (
    FieldError,
    MultipleObjectsReturned,
    ObjectDoesNotExist,
    ValidationError,
)
from django.core.validators import validate_slug
from django.db import IntegrityError, transaction
from django.utils.timezone import now as current_time

from jitprov.conf import conf
from jitprov.configuration import trust
from jitprov.configuration.identity_providers import MAX_SLUG, free_slug, preset_mappings
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.metadata.rows import (
    UNREMARKABLE,
    FieldChange,
    apply_metadata,
    fetched_columns,
    new_identity_provider,
)
from jitprov.metadata.source import ImportRefused
from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    IdentityProvider,
    ProposedTrust,
    SigningCertificate,
    Via,
    accounts_database,
    retired_elsewhere,
)
from jitprov.provisioning.presets import Preset
from jitprov.saml.certificates import load_certificate
from jitprov.saml.metadata import METADATA_LIMITS, parse_idp_metadata
from jitprov.saml.types import Certificate, IdpMetadata

APPLICATION = Actor(via=Via.CODE, name="import_metadata")


class TenantUnknown(ImportRefused):
    """No tenant has the given name."""

    code = "import_tenant_unknown"


class SlugRefused(ImportRefused):
    """The slug is taken by another tenant, or can not be part of a URL."""

    code = "import_slug_refused"


class IdentityProviderAmbiguous(ImportRefused):
    """The tenant has several identity providers with this entity ID."""

    code = "import_identity_provider_ambiguous"


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """The outcome of an import: the metadata as it was understood, and the changes."""

    identity_provider: IdentityProvider
    """As it is after the import; after a dry run it is not saved."""
    metadata: IdpMetadata
    created: bool
    changes: tuple[FieldChange, ...] = ()
    """Changes of an identity provider that existed before."""
    certificates_added: tuple[Certificate, ...] = ()
    certificates_removed: tuple[Certificate, ...] = ()
    mapped_fields: tuple[str, ...] = ()
    """User fields that the preset's claim mappings write; only for a new or empty identity provider."""
    also_used_by: tuple[str, ...] = ()
    """Other tenants whose identity provider has the same entity ID."""
    waits: ProposedTrust | None = None
    """What of it counts only after a passed test, because people sign in already."""
    linked_people: int = 0
    """The number of people who have signed in with an identity provider whose entity ID has changed."""

    @property
    def slug(self) -> str:
        """Return the identity provider's slug."""
        return self.identity_provider.slug

    @property
    def changed(self) -> bool:
        """Tell whether the import changed anything."""
        return self.created or bool(
            self.changes or self.certificates_added or self.certificates_removed
        )


def find_tenant(name: str) -> Any:
    """Return the tenant whose ``JITPROV_TENANT_LOOKUP_FIELD`` has this value.

    :raises TenantUnknown: there is none, or several.
    """
    model, field = apps.get_model(conf.TENANT_MODEL), conf.TENANT_LOOKUP_FIELD
    try:
        return model._default_manager.get(**{field: name})
    except (ObjectDoesNotExist, ValueError, ValidationError):
        problem = f"There is no {model._meta.verbose_name} with {field} {name!r}."
        raise TenantUnknown(f"{problem} Create it first, or correct --tenant.") from None
    except MultipleObjectsReturned as error:
        raise TenantUnknown(
            f"Several tenants have {field} {name!r}. Let JITPROV_TENANT_LOOKUP_FIELD name a unique field."
        ) from error
    except FieldError as error:
        raise TenantUnknown(
            f"{model.__name__} has no field {field!r}. Correct JITPROV_TENANT_LOOKUP_FIELD."
        ) from error


def import_metadata(  # noqa: PLR0913 -- keyword-only; each is one choice of whoever imports
    document: bytes,
    *,
    tenant: Any = None,
    slug: str = "",
    into: IdentityProvider | None = None,
    preset: Preset | None = None,
    entity_id: str = "",
    trusted: Certificate | None = None,
    now: datetime | None = None,
    dry_run: bool = False,
    actor: Actor | None = None,
    metadata_url: str = "",
) -> ImportResult:
    """Create or update a tenant's identity provider from its metadata, completely or not at all.

    A new one, and a draft that nothing was imported into yet, gets its preset's subject claim and claim mappings,
    a draft only where it has none. An update changes what the metadata says and nothing that the tenant decided:
    mappings, policies and the subject claim stay. Certificates that the metadata no longer has are removed.

    :param tenant: whose it is; not needed with ``into``.
    :param slug: empty finds the tenant's identity provider by its entity ID, or makes a slug for a new one.
    :param into: this row and no other, whatever its entity ID; it is read anew, and returned in the result.
    :param preset: ``None`` recognises a new identity provider, or a draft that has none, by its metadata.
    :param dry_run: return what would happen, and undo it.
    :param actor: who imports, for the record of changes; ``None`` is the application itself.
    :param metadata_url: where the document was fetched from, if it is to be fetched from there again.
    :raises MetadataRefused: the document is not good.
    :raises ImportRefused: it does not fit what is there.
    """
    now = now or current_time()
    metadata = parse_idp_metadata(
        document,
        entity_id=entity_id,
        now=now,
        trusted=trusted,
        allow_http=settings.DEBUG,
        limits=replace(METADATA_LIMITS, bytes=conf.METADATA_MAX_BYTES),
    )
    work = _Import(
        metadata=metadata,
        preset=preset,
        fetched=fetched_columns(metadata_url, now) if metadata_url else {},
        actor=actor or APPLICATION,
    )
    try:
        database = accounts_database()
        with transaction.atomic(using=database):
            result = work.save(
                _locked(into) if into else _find(metadata, tenant, slug), tenant, slug
            )
            if dry_run:
                transaction.set_rollback(True, using=database)
    except IntegrityError as error:
        raise ImportRefused(
            "Somebody else changed this identity provider at the same time. Run the import again."
        ) from error
    return result


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import:
    """The import of one identity provider's metadata into its rows."""

    metadata: IdpMetadata
    preset: Preset | None
    fetched: Mapping[str, Any]
    """Columns about the URL that the metadata was fetched from."""
    actor: Actor

    def save(self, found: IdentityProvider | None, tenant: Any, slug: str) -> ImportResult:
        if found is None:
            result = self._create(tenant, slug or free_slug(tenant))
        else:
            result = self._update(found)
        return replace(result, also_used_by=_other_tenants(self.metadata, result.identity_provider))

    def _create(self, tenant: Any, slug: str) -> ImportResult:
        if retired_elsewhere([slug], tenant.pk):
            raise SlugRefused(
                f"The slug {slug!r} was another tenant's, and identity providers may still trust it."
                " Choose another --slug."
            )
        row = new_identity_provider(
            self.metadata, self.preset, slug=slug, tenant=tenant, **self.fetched
        )
        with audit.recorded(row, self.actor):
            row.save()
            mappings = _add_mappings(row)
            added, _ = _replace_certificates(row, self.metadata)
        return ImportResult(
            identity_provider=row,
            metadata=self.metadata,
            created=True,
            certificates_added=added,
            mapped_fields=mappings,
        )

    def _update(self, row: IdentityProvider) -> ImportResult:
        was_empty = not row.entity_id
        url = self.fetched.get("metadata_url")
        refreshed = bool(url) and url == row.metadata_url
        with trust.changing(row, self.actor, refreshed=refreshed, replaces=True) as held:
            changes = apply_metadata(row, self.metadata, self.preset, **self.fetched)
            fill = was_empty and not row.claim_mappings.exists()
            mappings = _add_mappings(row) if fill else ()
            added, removed = _replace_certificates(row, self.metadata)
            self._write(row, changes, certificates=bool(added or removed))
        return ImportResult(
            identity_provider=row,
            metadata=self.metadata,
            created=False,
            changes=tuple(one for one in changes if one.field not in UNREMARKABLE),
            certificates_added=added,
            certificates_removed=removed,
            mapped_fields=mappings,
            linked_people=_linked_people(row, changes),
            waits=held.proposal,
        )

    @staticmethod
    def _write(
        row: IdentityProvider, changes: Sequence[FieldChange], *, certificates: bool
    ) -> None:
        fields = {one.field for one in changes}
        # Also if only a certificate is new: whatever remembers a row by its time must look again.
        if certificates or fields - UNREMARKABLE:
            fields.add("updated_at")
        if fields:
            row.save(update_fields=fields)


def _locked(identity_provider: IdentityProvider) -> IdentityProvider:
    rows = IdentityProvider.objects.select_for_update()
    found = rows.filter(pk=identity_provider.pk).first()
    if found is None:
        raise ImportRefused("This identity provider has been deleted.")
    return found


def _find(metadata: IdpMetadata, tenant: Any, slug: str) -> IdentityProvider | None:
    rows = IdentityProvider.objects.select_for_update()
    if slug:
        _require_slug(slug)
        found = rows.filter(slug=slug).first()
        if found is not None and found.tenant_id != tenant.pk:
            raise SlugRefused(
                f"The slug {slug!r} is taken by another tenant. Choose another --slug."
            )
        return found
    # Compared here once more: some databases find texts equal that differ in case.
    same = [
        row
        for row in rows.filter(tenant=tenant, entity_id=metadata.entity_id).order_by("slug")
        if row.entity_id == metadata.entity_id
    ]
    if len(same) > 1:
        slugs = ", ".join(row.slug for row in same)
        raise IdentityProviderAmbiguous(
            f"The tenant has several identity providers with this entity ID: {slugs}. "
            "Choose one with --slug."
        )
    return same[0] if same else None


def _require_slug(slug: str) -> None:
    problem = slug_problem(slug)
    if problem:
        raise SlugRefused(f"The slug {slug[:200]!r} {problem}. Choose another --slug.")


def slug_problem(slug: str) -> str:
    """Return why a text can not be an identity provider's slug; empty if it can."""
    if len(slug) > MAX_SLUG:
        return f"is longer than {MAX_SLUG} characters"
    try:
        validate_slug(slug)
    except ValidationError:
        return "can not be part of a URL; letters, digits, hyphens and underscores can"
    return ""


def _add_mappings(identity_provider: IdentityProvider) -> tuple[str, ...]:
    mappings = preset_mappings(identity_provider)
    ClaimMapping.objects.bulk_create(mappings)
    return tuple(mapping.target for mapping in mappings)


def _linked_people(identity_provider: IdentityProvider, changes: Sequence[FieldChange]) -> int:
    if not any(change.field == "entity_id" for change in changes):
        return 0
    return ExternalIdentity.objects.filter(identity_provider=identity_provider).count()


def _replace_certificates(
    identity_provider: IdentityProvider, metadata: IdpMetadata
) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
    """Replace the certificates by those of the metadata; return what was added and what was removed."""
    wanted = {one.fingerprint: one for one in metadata.signing_certificates}
    rows = {
        row.fingerprint: row
        for row in SigningCertificate.objects.filter(identity_provider=identity_provider)
    }
    removed = [row for fingerprint, row in rows.items() if fingerprint not in wanted]
    added = [one for fingerprint, one in wanted.items() if fingerprint not in rows]
    for row in removed:
        row.delete()
    for one in added:
        SigningCertificate.objects.create(identity_provider=identity_provider, pem=one.pem)
    return tuple(added), tuple(load_certificate(row.pem) for row in removed)


def _other_tenants(metadata: IdpMetadata, row: IdentityProvider) -> tuple[str, ...]:
    rows = (
        IdentityProvider.objects.filter(entity_id=metadata.entity_id)
        .exclude(tenant=row.tenant_id)
        .select_related("tenant")
        .order_by("slug")
    )
    names = (str(getattr(other.tenant, conf.TENANT_LOOKUP_FIELD)) for other in rows)
    return tuple(dict.fromkeys(names))
