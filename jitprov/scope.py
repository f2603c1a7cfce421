"""The scope of a user: the tenants whose configuration, people and events they may see in admin, API and commands.

Rows outside the scope are filtered out of every query. They are never found and then forbidden.
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
    SignInSession,
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
    """A query of the host's tenant model; ``None`` for no tenant, and for all of them."""
    something: bool = False
    """Whether there is a tenant in the scope."""

    def __bool__(self) -> bool:
        return self.everything or self.something

    def limit(self, rows: QuerySet[M]) -> QuerySet[M]:
        """Return the rows that belong to these tenants, of our models, the tenant model or the user model."""
        if self.everything:
            return rows
        if not self.something or self.tenants is None:
            return rows.none()
        tenants = self.tenants.values("pk")
        if rows.model is get_user_model():
            # Not a join: a person may have several identities there, and rows with DISTINCT cannot be deleted.
            people = ExternalIdentity.objects.filter(identity_provider__tenant__in=tenants)
            return rows.filter(pk__in=people.values("user"))
        return rows.filter(**{f"{path_to_tenant(rows.model)}__in": tenants})

    def covers(self, tenant_id: Any) -> bool:
        """Say whether a tenant is in the scope."""
        if self.everything:
            return tenant_id is not None
        return self.tenants is not None and self.tenants.filter(pk=tenant_id).exists()

    def visible_tenants(self) -> QuerySet[Any]:
        """Return the tenants in the scope."""
        return self.limit(_tenant_model()._default_manager.all())


NOTHING = Scope()
EVERYTHING = Scope(everything=True, something=True)


def scope_of(user: Any) -> Scope:
    """Return the scope of a user, which is looked up once for each user object, and so once for each request."""
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
    """Return the look-up that leads a query from a row to its tenant."""
    if model is _tenant_model():
        return "pk"
    if model in _DIRECTLY:
        return "tenant"
    if model in {GrantedGroup, SignInSession}:
        return "identity__identity_provider__tenant"
    if model is get_user_model():
        return "external_identities__identity_provider__tenant"
    return "identity_provider__tenant"


def _tenant_model() -> Any:
    return apps.get_model(conf.TENANT_MODEL)
