"""The class that hosts subclass, to say how accounts of their application are found and written.

Name the subclass in ``JITPROV_PROVISIONER``. Decisions are methods here; reports are signals.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.db import models
from django.utils.module_loading import import_string

from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.host.assignable_groups import assignable_groups
from jitprov.models import IdentityProvider, TenantAdministrator
from jitprov.provisioning.types import Claims, Create, DesiredUser, Refuse, Update
from jitprov.provisioning.usernames import wish_from


class ProvisioningRefused(JitprovError):
    """The tenant's rules or the host do not let the person in, although the assertion is good; ``code`` is the reason."""

    code = "provisioning_refused"
    origin_verified = True

    def __init__(self, refusal: Refuse) -> None:
        super().__init__(refusal.reason)
        self.code = refusal.reason.value
        self.refusal = refusal


class Provisioner:
    """The host's answers about the accounts of one identity provider: subclass it, override what you need.

    An instance lives for one sign-in or one preview. :func:`jitprov.provisioner.provision` asks it.
    """

    def __init__(self, identity_provider: IdentityProvider) -> None:
        self.identity_provider = identity_provider

    @classmethod
    def tenants_administered_by(cls, user: Any) -> models.QuerySet[Any]:
        """Return the tenants whose sign-in a user may configure; those of their ``TenantAdministrator`` rows.

        Superusers configure every tenant's, and are not asked about.
        """
        given = TenantAdministrator.objects.filter(user=user).values("tenant")
        tenants: models.Manager[Any] = apps.get_model(conf.TENANT_MODEL)._default_manager
        return tenants.filter(pk__in=given)

    def assignable_groups(self) -> models.QuerySet[Group]:
        """Return the groups that this tenant may map to: by default those that the settings allow to all."""
        return assignable_groups()

    def is_tenant_enabled(self) -> bool:
        """Say whether the tenant may sign in at all: its ``is_active``, if it has one."""
        return bool(getattr(self.identity_provider.tenant, "is_active", True))

    def find(self, claims: Claims) -> AbstractBaseUser | None:
        """Return an account that somebody who was never here before could be attached to.

        The default finds none. It is asked only if no identity of this identity provider is known, and what it
        finds is attached only if the identity provider's row allows linking, and never to staff.
        Never trust an e-mail address here unless this tenant has proved to own its domain.
        """
        return None

    def username_for(self, desired: DesiredUser) -> str:
        """Return the user name that a new person should have; a suffix makes it unique where it must.

        The default is the mapped user name, or what stands before the ``@`` of the mapped e-mail address.
        """
        mapped = desired.fields.get(get_user_model().USERNAME_FIELD)
        email = desired.fields.get(get_user_model().get_email_field_name())
        return wish_from(
            str(mapped.value) if mapped else "",
            str(email.value or "").partition("@")[0] if email else "",
        )

    def create_user(self, create: Create) -> AbstractBaseUser:
        """Write a new account, without a usable password, and return it.

        ``create.changes.fields`` holds clean values by user field, the user name included;
        ``create.desired.claims`` all that the source said.
        """
        user = get_user_model()(**create.changes.fields)
        user.set_unusable_password()
        user.save(force_insert=True)
        return user

    def update_user(self, user: AbstractBaseUser, update: Update) -> None:
        """Write the fields that differ. Called at every later sign-in, also when none does."""
        for name, value in update.changes.fields.items():
            setattr(user, name, value)
        if update.changes.fields:
            user.save(update_fields=list(update.changes.fields))

    def write_related(self, user: AbstractBaseUser, desired: DesiredUser) -> None:
        """Write what belongs to a person beyond the user row: a membership, a profile. The default writes nothing.

        Called at every sign-in, in its transaction, when the account, its identity and its groups are written.
        ``desired.groups`` holds the primary keys of the groups that the claims come to, or ``None`` for "not
        known"; ``desired.claims`` all that the source said.

        :raises ProvisioningRefused: the person may not come in after all. Nothing is written, and it is recorded.
        """


def provisioner_class() -> type[Provisioner]:
    """Return the host's provisioner."""
    provisioner: type[Provisioner] = import_string(conf.PROVISIONER)
    return provisioner


def provisioner_for(identity_provider: IdentityProvider) -> Provisioner:
    """Return the host's provisioner for an identity provider."""
    return provisioner_class()(identity_provider)
