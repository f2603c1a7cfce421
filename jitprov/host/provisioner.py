"""The class that hosts subclass, to say how accounts of their application are found and written.

Name the subclass in ``JITPROV_PROVISIONER``. Decisions are methods here; reports are signals.
"""

from __future__ import annotations

import re
from collections.abc import Collection
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
from jitprov.host.product import Product
from jitprov.host.user_fields import mappable_fields
from jitprov.models import ExternalIdentity, IdentityProvider, TenantAdministrator
from jitprov.provisioning.types import (
    MAX_REFUSAL_TEXT,
    Claims,
    Create,
    DesiredUser,
    Refuse,
    Update,
)
from jitprov.provisioning.usernames import neutral_name, wish_from

_REASON = re.compile(r"[a-z][a-z0-9_]{0,29}")


class ProvisioningRefused(JitprovError):
    """The tenant's rules or the host do not let the person in, although the assertion is good; ``code`` is the reason.

    :raises ValueError: the reason is neither one of ours nor fit for a code of the host's own.
    """

    code = "provisioning_refused"
    origin_verified = True

    def __init__(self, refusal: Refuse) -> None:
        if not _REASON.fullmatch(refusal.reason):
            raise ValueError("a reason has 1 to 30 lower-case letters, digits and underscores")
        super().__init__(refusal.reason)
        self.code = str(refusal.reason)
        self.text = refusal.text[:MAX_REFUSAL_TEXT]
        self.refusal = refusal


class Provisioner:
    """The host's answers about the accounts of one identity provider: subclass it, override what you need.

    An instance lives for one sign-in or one preview. :func:`jitprov.provisioner.provision` asks it.
    """

    def __init__(self, identity_provider: IdentityProvider) -> None:
        self.identity_provider = identity_provider
        self.administered: dict[Any, frozenset[Any]] = {}
        """The tenants of the rows that make users administrators, by the user's primary key, where they were read."""

    @classmethod
    def tenants_administered_by(cls, user: Any) -> models.QuerySet[Any]:
        """Return the tenants whose sign-in a user may configure; those of their ``TenantAdministrator`` rows.

        Superusers configure every tenant's, and are not asked about.
        """
        given = TenantAdministrator.objects.filter(user=user).values("tenant")
        tenants: models.Manager[Any] = apps.get_model(conf.TENANT_MODEL)._default_manager
        return tenants.filter(pk__in=given)

    @classmethod
    def product_for(cls, tenant: Any) -> Product:
        """Return the product as the people of a tenant know it, for setup links and refusals: that of the settings.

        :param tenant: ``None`` where it is not known, as on the page that asks for an e-mail address.
        """
        return Product.from_settings()

    def exceeds_tenant(self, user: AbstractBaseUser) -> bool:
        """Say whether a person can do more than this tenant may decide about; then they do not come in by its sign-in.

        Whoever runs the tenant's identity provider can act as any of its people. The default says so of superusers, of
        administrators of another tenant, and of staff who do not administer this one. Asked at every sign-in; a host
        that overrides :meth:`tenants_administered_by` pays one statement for it.
        """
        if getattr(user, "is_superuser", False):
            return True
        administered = self._administered_by(user)
        own = {self.identity_provider.tenant_id}
        return bool(administered - own) or bool(
            getattr(user, "is_staff", False) and not administered
        )

    def _administered_by(self, user: AbstractBaseUser) -> frozenset[Any]:
        """Return primary keys of tenants that a user administers: all, or two if there are more."""
        is_default = (
            type(self).tenants_administered_by.__func__  # type: ignore[attr-defined]
            is Provisioner.tenants_administered_by.__func__  # type: ignore[attr-defined]
        )
        if is_default and user.pk in self.administered:
            return self.administered[user.pk]
        tenants = self.tenants_administered_by(user).order_by().distinct()
        return frozenset(tenants.values_list("pk", flat=True)[:2])

    def mappable_fields(self) -> Collection[str]:
        """Return the names of the user fields that this tenant may map to: by default those that the settings allow.

        Fields that no mapping may ever write stay out, whatever is returned.
        """
        return tuple(mappable_fields())

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

        The default is the mapped user name, or what stands before the ``@`` of the mapped e-mail address, or else what
        the identity provider knows the person by.
        """
        mapped = desired.fields.get(get_user_model().USERNAME_FIELD)
        email = desired.fields.get(get_user_model().get_email_field_name())
        wish = wish_from(
            str(mapped.value) if mapped else "",
            str(email.value or "").partition("@")[0] if email else "",
        )
        return wish or neutral_name(desired.claims.external_id)

    def new_user(self, create: Create) -> AbstractBaseUser:
        """Return a new account as it begins, without a usable password and not written yet.

        Fill here what your user model requires and no mapping may write, such as a foreign key to the tenant's own
        row: previews and tests ask for it too, so write nothing. ``create.changes.fields`` holds clean values by user
        field, the user name included; ``create.desired.claims`` all that the source said.
        """
        user = get_user_model()(**create.changes.fields)
        user.set_unusable_password()
        return user

    def create_user(self, create: Create) -> AbstractBaseUser:
        """Write a new account and return it: that of :meth:`new_user`, with what your model's ``clean()`` fills in."""
        user = self.new_user(create)
        user.clean()
        user.save(force_insert=True)
        return user

    def update_user(self, user: AbstractBaseUser, update: Update) -> None:
        """Set the fields that differ and save the account. Called at every later sign-in, also when none does.

        Saved whole, as a form would, so that what your ``save()`` or a receiver works out, and a time of the last change,
        are written too. The row is locked since it was read.
        """
        for name, value in update.changes.fields.items():
            setattr(user, name, value)
        if update.changes.fields:
            user.save()

    def write_related(self, user: AbstractBaseUser, desired: DesiredUser) -> None:
        """Write what belongs to a person beyond the user row: a membership, a profile. The default writes nothing.

        Called at every sign-in, in its transaction, when the account, its identity and its groups are written.
        ``desired.groups`` holds the primary keys of the groups that the claims come to, or ``None`` for "not
        known"; ``desired.claims`` all that the source said.

        :raises ProvisioningRefused: the person may not come in after all. Nothing is written, and it is recorded.
        """

    def may_leave(self, identity: ExternalIdentity) -> Refuse | None:
        """Return a refusal to take somebody's access away, such as of a tenant's last owner; the default returns none.

        Its ``reason`` is a code of yours, its ``text`` is told to whoever asked. Nothing is changed then, and it is
        recorded. Asked whatever the road, so that also a leaving date and a directory are told.
        """
        return None

    def keeps_groups(self, identity: ExternalIdentity) -> bool:
        """Say whether somebody whose access ended stays in the groups that they were granted.

        The default says yes. If you say no they are taken away, and given back when the person returns.
        """
        return True

    def access_ended(self, user: AbstractBaseUser, identity: ExternalIdentity) -> None:
        """Revoke what gives access besides a session: tokens of your API, keys, devices. The default does nothing.

        Called in the transaction that ends the access, also if the account stays active because another identity, a
        password or its rights keep it so: ask ``user.is_active``.
        """

    def erase(self, user: AbstractBaseUser) -> bool:
        """Delete an account, or empty it of what is personal; return whether you did. The default does neither.

        Asked by ``manage.py forget_person`` only. We delete no accounts: yours may be referred to by what must be kept.
        """
        return False


def provisioner_class() -> type[Provisioner]:
    """Return the host's provisioner."""
    provisioner: type[Provisioner] = import_string(conf.PROVISIONER)
    return provisioner


def provisioner_for(identity_provider: IdentityProvider) -> Provisioner:
    """Return the host's provisioner for an identity provider."""
    return provisioner_class()(identity_provider)
