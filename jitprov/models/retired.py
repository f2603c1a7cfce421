"""Remember, as digests, what an identity provider leaves behind when it is deleted: its names, and who its people were.

Identity providers outside go on trusting our names, so nobody else may take them. And whoever connects the same directory
again wants the same people.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models.signals import pre_delete
from django.utils import timezone

from jitprov.conf import conf
from jitprov.models.identities import ExternalIdentity, digest
from jitprov.models.identity_providers import IdentityProvider

_BATCH = 500


class RetiredName(models.Model):
    """A slug, or an entity ID of ours, of an identity provider that was deleted. Only its tenant may take it again."""

    name_digest = models.CharField(max_length=64, unique=True)
    tenant_digest = models.CharField(max_length=64)
    """Not a foreign key: it outlives the tenant."""
    retired_at = models.DateTimeField(default=timezone.now)

    def __str__(self) -> str:
        return self.name_digest[:16]

    @classmethod
    def has_elsewhere(cls, slug: str, tenant_id: Any) -> bool:
        """Say whether another tenant's identity provider had a slug."""
        return bool(retired_elsewhere([slug], tenant_id))


class FormerIdentity(models.Model):
    """A person of an identity provider that was deleted, to be known again by the same directory of the same tenant."""

    key_digest = models.CharField(max_length=64, unique=True)
    """Of tenant, directory (entity ID), subject claim and anchor."""
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    active = models.BooleanField(default=True)
    made_account = models.BooleanField(default=False, db_default=False)
    retired_at = models.DateTimeField(default=timezone.now, db_index=True)

    class Meta:
        verbose_name = "former identity"

    def __str__(self) -> str:
        return self.key_digest[:16]


# Names


def retired_elsewhere(slugs: Iterable[str], tenant_id: Any) -> set[str]:
    """Return those slugs that another tenant's identity provider had, which was deleted. One SQL statement."""
    by_digest = {_slug_digest(slug): slug for slug in slugs}
    return {by_digest[one] for one in _retired(by_digest, tenant_id)}


def is_entity_id_retired(entity_id: str, tenant_id: Any) -> bool:
    """Say whether we were known by this entity ID to another tenant's identity provider, which was deleted."""
    return bool(_retired([_entity_digest(entity_id)], tenant_id))


def _retired(digests: Collection[str], tenant_id: Any) -> set[str]:
    rows = RetiredName.objects.filter(name_digest__in=digests)
    others = rows.exclude(tenant_digest=_tenant_digest(tenant_id))
    return set(others.values_list("name_digest", flat=True))


def _slug_digest(slug: str) -> str:
    return digest(f"slug:{slug.lower()}")


def _entity_digest(entity_id: str) -> str:
    return digest(f"entity:{entity_id}")


def _tenant_digest(tenant_id: Any) -> str:
    return digest(f"{conf.TENANT_MODEL.lower()}:{tenant_id}")


# People


def former_identity(identity_provider: IdentityProvider, external_id: str) -> FormerIdentity | None:
    """Return who had this anchor before the same directory was connected anew, with their account."""
    key = _person_digest(identity_provider, external_id)
    return FormerIdentity.objects.select_related("user").filter(key_digest=key).first()


def _person_digest(row: IdentityProvider, external_id: str) -> str:
    parts = (_tenant_digest(row.tenant_id), row.entity_id, row.subject_claim, external_id)
    # Each by its own digest, so that no two lists of parts read the same.
    return digest("".join(map(digest, parts)))


# As a row is deleted


def listen() -> None:
    """Remember identity providers as they are deleted, whoever deletes them."""
    pre_delete.connect(_remember, sender=IdentityProvider, dispatch_uid="jitprov.retired")


def _remember(instance: IdentityProvider, **_: Any) -> None:
    names = [_slug_digest(instance.slug)]
    if instance.sp_entity_id:
        names.append(_entity_digest(instance.sp_entity_id))
    for name in names:
        RetiredName.objects.update_or_create(
            name_digest=name,
            defaults={
                "tenant_digest": _tenant_digest(instance.tenant_id),
                "retired_at": timezone.now(),
            },
        )
    for people in _in_batches(instance):
        _replace(
            [
                FormerIdentity(
                    key_digest=_person_digest(instance, external_id),
                    user_id=user,
                    active=active,
                    made_account=made_account,
                )
                for _, external_id, user, active, made_account in people
            ]
        )


def _in_batches(row: IdentityProvider) -> Iterator[list[tuple[int, str, Any, bool, bool]]]:
    people = ExternalIdentity.objects.filter(identity_provider=row).order_by("pk")
    columns = people.values_list("pk", "external_id", "user_id", "active", "made_account")
    batch = list(columns[:_BATCH])
    while batch:
        yield batch
        batch = list(columns.filter(pk__gt=batch[-1][0])[:_BATCH])


def _replace(batch: list[FormerIdentity]) -> None:
    FormerIdentity.objects.filter(key_digest__in=[one.key_digest for one in batch]).delete()
    FormerIdentity.objects.bulk_create(batch)
