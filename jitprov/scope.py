"""Whose configuration, people and events a user may see: the one rule that admin, API and commands share.

What lies outside does not exist: it is filtered out of every query, never found and then forbidden.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from django.apps import apps
from django.contrib.auth import get_user_model
from django.db.models import Model, QuerySet

from jitprov.conf import conf
from jitprov.host.provisioner import provisioner_class
from jitprov.models import (
    ConfigurationChange,
    ExternalIdentity,
    GrantedGroup,
    IdentityProvider,
    ProvisioningEvent,
    TenantAdministrator,
)

M = TypeVar("M", bound=Model)

_DIRECTLY: tuple[type[Model], ...] = (
    IdentityProvider,
    ProvisioningEvent,
    ConfigurationChange,
    TenantAdministrator,
)
_CACHED = "_jitprov_scope"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """The tenants whose sign-in somebody may configure."""

    everything: bool = False
    tenants: QuerySet[Any] | None = None
    """Of the host's tenant model; ``None`` for none, and where it is everything."""
    something: bool = False
    """Whether there is any tenant at all."""

    def __bool__(self) -> bool:
        return self.everything or self.something

    def limit(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Return the rows that belong to these tenants: of our models, of the tenants, or of the users."""
        if self.everything:
            return rows
        if not self.something or self.tenants is None:
            return rows.none()
        tenants = self.tenants.values("pk")
        if rows.model is get_user_model():
            # Not by a join: a person may have several identities there, and DISTINCT forbids to delete.
            people = ExternalIdentity.objects.filter(identity_provider__tenant__in=tenants)
            return rows.filter(pk__in=people.values("user"))
        return rows.filter(**{f"{path_to_tenant(rows.model)}__in": tenants})

    def covers(self, tenant_id: Any) -> bool:
        """Say whether a tenant is one of these."""
        if self.everything:
            return tenant_id is not None
        return self.tenants is not None and self.tenants.filter(pk=tenant_id).exists()

    def visible_tenants(self) -> QuerySet[Any]:
        """Return the tenants themselves."""
        return self.limit(_tenant_model()._default_manager.all())


NOTHING = Scope()
EVERYTHING = Scope(everything=True, something=True)


def scope_of(user: Any) -> Scope:
    """Return what a user may see. Looked up once for each request, of which the user object is one."""
    known: Scope | None = getattr(user, _CACHED, None)
    if known is None:
        known = _scope_of(user)
        setattr(user, _CACHED, known)
    return known


def _scope_of(user: Any) -> Scope:
    if not (user.is_authenticated and user.is_active):
        return NOTHING
    if getattr(user, "is_superuser", False):
        return EVERYTHING
    tenants = provisioner_class().tenants_administered_by(user)
    return Scope(tenants=tenants, something=tenants.exists())


def path_to_tenant(model: type[Model]) -> str:
    """Return how a query gets from a row to its tenant."""
    if model is _tenant_model():
        return "pk"
    if model in _DIRECTLY:
        return "tenant"
    if model is GrantedGroup:
        return "identity__identity_provider__tenant"
    if model is get_user_model():
        return "external_identities__identity_provider__tenant"
    return "identity_provider__tenant"


def _tenant_model() -> Any:
    return apps.get_model(conf.TENANT_MODEL)
