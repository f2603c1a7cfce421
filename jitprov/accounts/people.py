"""Read people in one statement and lock them; write their groups, and note where their values come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import OuterRef
from django.utils import timezone

from jitprov.host import user_fields
from jitprov.models import (
    ExternalIdentity,
    FormerIdentity,
    GrantedGroup,
    IdentityProvider,
    TenantAdministrator,
    accounts_database,
    digest,
)
from jitprov.models.events import DIRECTORIES
from jitprov.models.json_rows import json_rows, json_values
from jitprov.models.kept_statements import KeptSelect, Parameter
from jitprov.provisioning.types import Create, CurrentUser, DesiredUser, Update


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A person as the database knows them, locked."""

    user: AbstractBaseUser
    identity: ExternalIdentity | None
    current: CurrentUser
    former: FormerIdentity | None = None
    """What is remembered of their identity, if that was deleted with its identity provider."""


def identity_of(identity_provider: IdentityProvider, external_id: str) -> ExternalIdentity | None:
    """Return the identity with this anchor, its user, their groups and who granted them. Lock the row."""
    by_anchor = _by_anchor(get_user_model())
    found = by_anchor.run(
        identity_provider=identity_provider.pk, external_id_digest=digest(external_id)
    )
    return next(iter(found), None)


def lock(user: AbstractBaseUser) -> bool:
    """Read an account again as it is now, and keep others from writing it until the transaction ends.

    It is saved whole, so that nothing may be older than the lock. ``identity_of`` reads and locks at once. False if the
    account is gone.
    """
    people = type(user)._base_manager.using(accounts_database())  # noqa: SLF001 -- a public name of Django's
    try:
        user.refresh_from_db(from_queryset=people.select_for_update())
    except ObjectDoesNotExist:
        return False
    return True


@cache
def _by_anchor(user_model: type[AbstractBaseUser]) -> KeptSelect[ExternalIdentity]:
    return KeptSelect(lambda: _identities(user_model))


def _identities(user_model: type[AbstractBaseUser]) -> models.QuerySet[ExternalIdentity]:
    identities = (
        ExternalIdentity.objects.select_related("user")
        .select_for_update()
        .filter(
            identity_provider_id=Parameter("identity_provider"),
            external_id_digest=Parameter("external_id_digest"),
        )
    )
    return identities.annotate(
        member_of=json_values(_memberships(user_model), "group_id"),
        grants=json_rows(
            GrantedGroup.objects.filter(identity__user=OuterRef("user")), "identity_id", "group_id"
        ),
        administers=json_values(
            TenantAdministrator.objects.filter(user=OuterRef("user")), "tenant_id"
        ),
    )


def _memberships(user_model: type[AbstractBaseUser]) -> models.QuerySet[Any]:
    """Return the rows that put the person of an outer identity into groups."""
    groups: Any = getattr(user_model, "groups", None)
    if groups is None:
        return GrantedGroup.objects.none()
    through: models.Manager[Any] = groups.through.objects
    return through.filter(**{groups.field.m2m_field_name(): OuterRef("user")})


def administered_tenants(identity: ExternalIdentity) -> frozenset[Any]:
    """Return the primary keys of the tenants whose administrator the person is, as their rows say."""
    tenant: Any = TenantAdministrator._meta.get_field("tenant")
    # Inside JSON some databases write a key otherwise: a UUID without hyphens.
    return frozenset(
        map(tenant.target_field.to_python, getattr(identity, "administers", None) or ())
    )


def current_user(
    user: AbstractBaseUser,
    desired: DesiredUser,
    identity: ExternalIdentity | None,
    *,
    privileged: bool,
) -> CurrentUser:
    """Return what a decision must know of an account, for the fields that the wish is about."""
    names = {*desired.fields, get_user_model().USERNAME_FIELD}
    grants: list[dict[str, int]] = getattr(identity, "grants", None) or []
    own = identity.pk if identity else None
    return CurrentUser(
        pk=user.pk,
        fields=user_fields.values_of(user, names),
        active=user.is_active,
        staff=bool(getattr(user, "is_staff", False) or getattr(user, "is_superuser", False)),
        privileged=privileged,
        privilege_allowed=identity.allow_privileged if identity else False,
        linked=identity is not None,
        identity_active=identity.active if identity else True,
        ended_by_directory=identity is not None and identity.ended_by in DIRECTORIES,
        left=identity is not None and identity.has_left(),
        groups=frozenset(_member_of(user, identity)),
        granted=frozenset(row["group_id"] for row in grants if row["identity_id"] == own),
        granted_elsewhere=frozenset(row["group_id"] for row in grants if row["identity_id"] != own),
    )


def _member_of(user: AbstractBaseUser, identity: ExternalIdentity | None) -> Iterable[int]:
    if identity is not None:
        return getattr(identity, "member_of", None) or ()
    groups: Any = getattr(user, "groups", None)
    return groups.values_list("pk", flat=True) if groups is not None else ()


def apply_groups(
    user: AbstractBaseUser, identity: ExternalIdentity, decision: Create | Update, reference: str
) -> None:
    """Write the memberships that changed, and who granted them. Ask nothing where nothing changed."""
    changes, rules = decision.changes.groups, decision.desired.group_rules
    groups: Any = getattr(user, "groups", None) if changes else None
    if groups is None:
        return
    if changes.join:
        groups.add(*changes.join)
    if changes.leave:
        groups.remove(*changes.leave)
    GrantedGroup.objects.bulk_create(
        GrantedGroup(
            identity=identity,
            group_id=group,
            claim=rules[group].claim,
            value=rules[group].value,
            reference=reference,
        )
        for group in sorted(changes.grant)
    )
    if changes.revoke:
        identity.granted_groups.filter(group__in=changes.revoke).delete()


def provenance(decision: Create | Update, reference: str) -> dict[str, dict[str, str]]:
    """Return for each user field that is written where its value comes from, and the event that wrote it."""
    claims = {step.target: step.source for step in decision.desired.trace}
    at = timezone.now().isoformat(timespec="seconds")
    source = decision.desired.claims.source.value
    return {
        name: {"claim": claims.get(name, ""), "source": source, "reference": reference, "at": at}
        for name in decision.changes.fields
    }
