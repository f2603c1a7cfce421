"""Write tenants as an import with the Entra preset leaves them; in bulk, because there are many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from django.contrib.auth.models import Group

from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    GroupMapping,
    IdentityProvider,
    SigningCertificate,
    Tenant,
    digest,
)
from jitprov.saml.certificates import load_certificate
from tests.bench.claims import GROUPS_CLAIM, MAPPED_GROUPS, MAPPINGS, OBJECT_ID_CLAIM
from tests.bench.hosts.interface import ConnectedDirectory

BATCH = 500


def connect(directories: Sequence[ConnectedDirectory]) -> None:
    """Write a tenant for each directory, with its certificate, its claim mappings and its group mappings."""
    tenants = Tenant.objects.bulk_create(
        (Tenant(slug=item["slug"], name=item["slug"]) for item in directories), BATCH
    )
    rows = IdentityProvider.objects.bulk_create(
        (_row(item, tenant) for item, tenant in zip(directories, tenants, strict=True)), BATCH
    )
    SigningCertificate.objects.bulk_create(_certificates(directories, rows), BATCH)
    ClaimMapping.objects.bulk_create(_claim_mappings(rows), BATCH)
    GroupMapping.objects.bulk_create(_group_mappings(rows), BATCH)


def user_id(slug: str, external_id: str) -> object:
    """Return the primary key of the user that this person is, or ``None``."""
    identities = ExternalIdentity.objects.filter(
        identity_provider__slug=slug, external_id_digest=digest(external_id)
    )
    return identities.values_list("user_id", flat=True).first()


def _row(item: ConnectedDirectory, tenant: Tenant) -> IdentityProvider:
    return IdentityProvider(
        slug=item["slug"],
        tenant=tenant,
        entity_id=item["entity_id"],
        sso_url=item["sso_url"],
        preset="entra",
        subject_claim=OBJECT_ID_CLAIM,
    )


def _certificates(
    directories: Sequence[ConnectedDirectory], rows: Sequence[IdentityProvider]
) -> Iterator[SigningCertificate]:
    for item, row in zip(directories, rows, strict=True):
        certificate = load_certificate(item["certificate"])
        yield SigningCertificate(
            identity_provider=row,
            pem=certificate.pem,
            fingerprint=certificate.fingerprint,
            not_before=certificate.not_before,
            not_after=certificate.not_after,
        )


def _claim_mappings(rows: Iterable[IdentityProvider]) -> Iterator[ClaimMapping]:
    for row in rows:
        for position, (target, claim) in enumerate(MAPPINGS.items()):
            yield ClaimMapping(
                identity_provider=row, position=position, target=target, sources=claim
            )


def _group_mappings(rows: Iterable[IdentityProvider]) -> Iterator[GroupMapping]:
    groups = [Group.objects.create(name=f"Group {value[:8]}") for value in MAPPED_GROUPS]
    for row in rows:
        for value, group in zip(MAPPED_GROUPS, groups, strict=True):
            yield GroupMapping(identity_provider=row, claim=GROUPS_CLAIM, value=value, group=group)
