"""Importing an identity provider: a metadata document in, rows out, in one transaction."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

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
from django.utils.text import slugify
from django.utils.timezone import now as current_time

from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.metadata_fetch import fetch_metadata
from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    IdentityProvider,
    SigningCertificate,
    accounts_database,
)
from jitprov.provisioning.presets import Preset, detect
from jitprov.provisioning.types import ClaimRule
from jitprov.saml.certificates import (
    MAX_CERTIFICATE_LENGTH,
    CertificateUnusable,
    load_certificate,
)
from jitprov.saml.metadata import METADATA_LIMITS, parse_idp_metadata
from jitprov.saml.types import Certificate, IdpMetadata
from jitprov.user_fields import mappable_fields

MAX_SLUG = 100
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class ImportRefused(JitprovError):
    """What the metadata should be imported from, or to, is not there or not clear."""

    code = "import_refused"


class SourceUnreadable(ImportRefused):
    """A file that was named can not be read."""

    code = "import_source_unreadable"


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
class FieldChange:
    """A column that an import changed."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportResult:
    """What an import understood, and what it changed."""

    identity_provider: IdentityProvider
    """As it is after the import; after a dry run it is not saved."""
    metadata: IdpMetadata
    created: bool
    changes: tuple[FieldChange, ...] = ()
    """Of an identity provider that was there before."""
    certificates_added: tuple[Certificate, ...] = ()
    certificates_removed: tuple[Certificate, ...] = ()
    mapped_fields: tuple[str, ...] = ()
    """User fields that the preset's claim mappings write; only for a new identity provider."""
    also_used_by: tuple[str, ...] = ()
    """Other tenants whose identity provider has the same entity ID."""
    linked_people: int = 0
    """How many people an identity provider knew whose entity ID has changed."""

    @property
    def slug(self) -> str:
        """The identity provider's slug."""
        return self.identity_provider.slug

    @property
    def changed(self) -> bool:
        """Whether anything is different from before."""
        return self.created or bool(
            self.changes or self.certificates_added or self.certificates_removed
        )


# Reading


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


def read_metadata(source: str, *, stdin: BinaryIO) -> bytes:
    """Return the document from a file, from standard input (``-``) or from an https URL.

    One byte more than allowed is read at most; the parser refuses what is too large.

    :raises SourceUnreadable: the file can not be read.
    :raises MetadataRefused: fetching failed.
    """
    if "://" in source:
        return fetch_metadata(
            source,
            max_bytes=conf.METADATA_MAX_BYTES,
            timeout=conf.METADATA_TIMEOUT,
            allow_loopback=settings.DEBUG,
        )
    if source == "-":
        return stdin.read(conf.METADATA_MAX_BYTES + 1)
    hint = "Give a file, - for standard input, or an https URL."
    return read_file(source, conf.METADATA_MAX_BYTES + 1, hint)


def read_certificate(path: str) -> Certificate:
    """Return the one certificate in a PEM or DER file.

    :raises SourceUnreadable: the file can not be read, or holds something else, or several.
    """
    content = read_file(path, MAX_CERTIFICATE_LENGTH, "Give a PEM or DER file.")
    # Around PEM there may be text, such as openssl's description of the certificate.
    blocks = _PEM.findall(content) or [base64.b64encode(content)]
    if len(blocks) > 1:
        raise SourceUnreadable(
            f"{path!r} holds {len(blocks)} certificates. Give a file with the signer's only."
        )
    try:
        return load_certificate(blocks[0].decode("ascii"))
    except (CertificateUnusable, UnicodeDecodeError) as error:
        raise SourceUnreadable(
            f"{path!r} is not a certificate to verify with ({error}). Give a PEM or DER file."
        ) from error


@contextmanager
def open_metadata(source: str, *, stdin: BinaryIO) -> Iterator[tuple[BinaryIO, int | None]]:
    """Open what :func:`read_metadata` reads; yield it with its size in bytes, if that is known.

    A file and standard input may be of any size. What comes from a URL is read completely first, within the limits.

    :raises SourceUnreadable: the file can not be read.
    :raises MetadataRefused: fetching failed.
    """
    if "://" in source:
        document = read_metadata(source, stdin=stdin)
        yield io.BytesIO(document), len(document)
    elif source == "-":
        yield stdin, None
    else:
        with _opened(source, "Give a file, - for standard input, or an https URL.") as file:
            yield file, os.fstat(file.fileno()).st_size or None  # a pipe has none


def read_file(path: str, size: int, hint: str) -> bytes:
    """Return a file's first ``size`` bytes.

    :raises SourceUnreadable: it can not be read; the text ends with the hint.
    """
    with _opened(path, hint) as file:
        return file.read(size)


def _opened(path: str, hint: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise SourceUnreadable(f"{path!r} can not be read: {reason}. {hint}") from error


# Importing


def import_metadata(  # noqa: PLR0913 -- keyword-only; each is one choice of whoever imports
    document: bytes,
    *,
    tenant: Any,
    slug: str = "",
    preset: Preset | None = None,
    entity_id: str = "",
    trusted: Certificate | None = None,
    now: datetime | None = None,
    dry_run: bool = False,
) -> ImportResult:
    """Create or update a tenant's identity provider from its metadata. All of it, or nothing.

    A new one gets its preset's subject claim and claim mappings. An update changes what the metadata says and
    nothing that the tenant decided: mappings, policies and the subject claim stay. Certificates that the
    metadata no longer has are removed.

    :param slug: empty finds the tenant's identity provider by its entity ID, or makes a slug for a new one.
    :param preset: ``None`` recognises a new identity provider by its metadata.
    :param dry_run: return what would happen, and undo it.
    :raises MetadataRefused: the document is not good.
    :raises ImportRefused: it does not fit what is there.
    """
    metadata = parse_idp_metadata(
        document,
        entity_id=entity_id,
        now=now or current_time(),
        trusted=trusted,
        allow_http=settings.DEBUG,
        limits=replace(METADATA_LIMITS, bytes=conf.METADATA_MAX_BYTES),
    )
    try:
        database = accounts_database()
        with transaction.atomic(using=database):
            result = _save(metadata, tenant, slug, preset)
            if dry_run:
                transaction.set_rollback(True, using=database)
    except IntegrityError as error:
        raise ImportRefused(
            "Somebody else changed this identity provider at the same time. Run the import again."
        ) from error
    return result


def _save(metadata: IdpMetadata, tenant: Any, slug: str, preset: Preset | None) -> ImportResult:
    found = _find(metadata, tenant, slug)
    if found is None:
        result = _create(metadata, tenant, slug or _free_slug(tenant), preset)
    else:
        result = _update(metadata, found, preset)
    added, removed = _replace_certificates(result.identity_provider, metadata)
    return replace(
        result,
        certificates_added=added,
        certificates_removed=removed,
        also_used_by=_other_tenants(metadata, tenant),
    )


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
    """Say why a text can not be an identity provider's slug; nothing if it can."""
    if len(slug) > MAX_SLUG:
        return f"is longer than {MAX_SLUG} characters"
    try:
        validate_slug(slug)
    except ValidationError:
        return "can not be part of a URL; letters, digits, hyphens and underscores can"
    return ""


def _free_slug(tenant: Any) -> str:
    """Return the tenant's name as a slug, with a number if that is taken."""
    base = (
        slugify(str(getattr(tenant, conf.TENANT_LOOKUP_FIELD)))[: MAX_SLUG - 8].strip("-_") or "idp"
    )
    taken = {
        slug.lower()
        for slug in IdentityProvider.objects.filter(slug__istartswith=base).values_list(
            "slug", flat=True
        )
    }
    if base not in taken:
        return base
    return next(
        candidate
        for candidate in (f"{base}-{number}" for number in range(2, len(taken) + 3))
        if candidate not in taken
    )


def _create(metadata: IdpMetadata, tenant: Any, slug: str, preset: Preset | None) -> ImportResult:
    identity_provider = new_identity_provider(metadata, preset, slug=slug, tenant=tenant)
    identity_provider.save()
    mappings = preset_mappings(identity_provider)
    ClaimMapping.objects.bulk_create(mappings)
    return ImportResult(
        identity_provider=identity_provider,
        metadata=metadata,
        created=True,
        mapped_fields=tuple(mapping.target for mapping in mappings),
    )


def new_identity_provider(
    metadata: IdpMetadata, preset: Preset | None, *, slug: str, **columns: Any
) -> IdentityProvider:
    """Return a row, not saved, that says what the metadata says.

    :param preset: ``None`` recognises it.
    """
    preset = preset or detect(metadata.entity_id, metadata.sso_url)
    return IdentityProvider(
        slug=slug,
        preset=preset.value,
        subject_claim=preset.details.subject_claim,
        **_columns(metadata),
        **columns,
    )


def preset_mappings(identity_provider: IdentityProvider) -> list[ClaimMapping]:
    """Return the preset's claim mappings, not saved, as far as the host's user model has the fields."""
    fields = mappable_fields()
    rules = Preset(identity_provider.preset).details.rules
    usable = [rule for rule in rules if rule.target in fields]
    return [_mapping(identity_provider, position, rule) for position, rule in enumerate(usable)]


def _mapping(identity_provider: IdentityProvider, position: int, rule: ClaimRule) -> ClaimMapping:
    return ClaimMapping(
        identity_provider=identity_provider,
        position=position,
        sources="\n".join(rule.sources),
        target=rule.target,
        transforms=[{"name": one.name, **one.parameters} for one in rule.transforms],
        sync=rule.sync.value,
        required=rule.required,
        when_empty=rule.when_empty.value,
    )


def _update(
    metadata: IdpMetadata, identity_provider: IdentityProvider, preset: Preset | None
) -> ImportResult:
    changes = apply_metadata(identity_provider, metadata, preset)
    if changes:
        identity_provider.save(update_fields=[*(one.field for one in changes), "updated_at"])
    return ImportResult(
        identity_provider=identity_provider,
        metadata=metadata,
        created=False,
        changes=changes,
        linked_people=_linked_people(identity_provider, changes),
    )


def apply_metadata(
    identity_provider: IdentityProvider, metadata: IdpMetadata, preset: Preset | None
) -> tuple[FieldChange, ...]:
    """Let a row say what the metadata says, without saving it; return what is different.

    :param preset: ``None`` leaves the row's own.
    """
    wanted = _columns(metadata)
    if preset is not None:
        wanted["preset"] = preset.value
    changes = tuple(
        FieldChange(field=field, before=getattr(identity_provider, field), after=value)
        for field, value in wanted.items()
        if getattr(identity_provider, field) != value
    )
    for change in changes:
        setattr(identity_provider, change.field, change.after)
    return changes


def _linked_people(identity_provider: IdentityProvider, changes: Sequence[FieldChange]) -> int:
    if not any(change.field == "entity_id" for change in changes):
        return 0
    return ExternalIdentity.objects.filter(identity_provider=identity_provider).count()


def _columns(metadata: IdpMetadata) -> dict[str, Any]:
    return {
        "entity_id": metadata.entity_id,
        "sso_url": metadata.sso_url,
        "sso_binding": metadata.sso_binding.value,
        "slo_url": metadata.slo_url,
        "slo_binding": metadata.slo_binding.value,
        "want_authn_requests_signed": metadata.want_authn_requests_signed,
    }


def _replace_certificates(
    identity_provider: IdentityProvider, metadata: IdpMetadata
) -> tuple[tuple[Certificate, ...], tuple[Certificate, ...]]:
    """Let the rows be what the metadata has; return what was added and what was removed."""
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


def _other_tenants(metadata: IdpMetadata, tenant: Any) -> tuple[str, ...]:
    rows = (
        IdentityProvider.objects.filter(entity_id=metadata.entity_id)
        .exclude(tenant=tenant)
        .select_related("tenant")
        .order_by("slug")
    )
    names = (str(getattr(row.tenant, conf.TENANT_LOOKUP_FIELD)) for row in rows)
    return tuple(dict.fromkeys(names))
