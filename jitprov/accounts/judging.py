"""Read what the database knows of a person, and decide what should happen to their account. Write nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import transaction
from django.db.models import Q

from jitprov.accounts.desired import Rules, desired_user, with_username, without_groups
from jitprov.accounts.people import Found, administered_tenants, current_user, identity_of, lock
from jitprov.host import user_fields
from jitprov.host.account_rules import objection_to_change, objection_to_new
from jitprov.host.provisioner import Provisioner, provisioner_for
from jitprov.models import (
    ExternalIdentity,
    FormerIdentity,
    IdentityProvider,
    accounts_database,
    former_identity,
)
from jitprov.provisioning.decide import decide, diff, only_inactive
from jitprov.provisioning.types import (
    Claims,
    Create,
    CurrentUser,
    Decision,
    DesiredUser,
    RefusalReason,
    Refuse,
    Update,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The decision that a sign-in would come to, and the account that it is about."""

    desired: DesiredUser
    decision: Decision
    current: CurrentUser | None
    user: AbstractBaseUser | None
    """The account, if there is one already."""

    @property
    def settled(self) -> DesiredUser:
        """Return the wish with a free user name and without groups that may not be given, as far as that was settled."""
        return self.desired if isinstance(self.decision, Refuse) else self.decision.desired


def preview(
    identity_provider: IdentityProvider,
    claims: Claims,
    rules: Rules | None = None,
    *,
    as_if_enabled: bool = False,
) -> Preview:
    """Return what a sign-in with these claims would do. Write nothing.

    Whether a name or another unique value is taken is looked up among this tenant's people only: a preview tells
    nobody who else there is.

    :param rules: a mapping that is only proposed; ``None`` for the one that is configured.
    :param as_if_enabled: judge as if the identity provider were switched on.
    :raises MappingError: the mapping does not make sense.
    """
    host = provisioner_for(identity_provider)
    desired = desired_user(claims, rules or Rules.of(identity_provider), host)
    judge = Judge(
        host,
        desired,
        among=Q(external_identities__identity_provider__tenant=identity_provider.tenant_id),
        as_if_enabled=as_if_enabled,
    )
    with transaction.atomic(using=accounts_database()):
        found, decision = judge.judge()
    return Preview(
        desired=desired,
        decision=decision,
        current=found.current if found else None,
        user=found.user if found else None,
    )


class Judge:
    """Reads and decides about one wish, with the host's answers."""

    def __init__(
        self,
        host: Provisioner,
        desired: DesiredUser,
        *,
        among: Q | None = None,
        as_if_enabled: bool = False,
    ) -> None:
        self.host = host
        self.desired = desired
        self.crowded = False
        """Whether a race for a user name was lost; then the next one is made less likely to be taken."""
        self._among = among
        self._as_if_enabled = as_if_enabled

    def judge(self) -> tuple[Found | None, Decision]:
        """Read and decide. Do so again where an unknown person is refused for a value that somebody else has.

        Between the two reads the same person may have come in by another tab (READ COMMITTED), and then
        the value that is taken is their own. Call it inside a transaction: what is read is locked.
        """
        found = self._read()
        decision = self._decide(found)
        if found is None and _is_conflict(decision):
            found = self._read()
            decision = self._decide(found)
        return found, decision

    def _read(self) -> Found | None:
        """Read everything that the decision needs in one statement, and keep others from writing it."""
        claims = self.desired.claims
        identity = identity_of(self.host.identity_provider, claims.external_id)
        if identity is not None:
            self.host.administered[identity.user_id] = administered_tenants(identity)
            return self._found(identity.user, identity)
        former = self._former(claims.external_id)
        if former is not None and lock(former.user):
            return self._found(former.user, None, former)
        user = self.host.find(claims) if claims.external_id else None
        return self._found(user, None) if user is not None and lock(user) else None

    def _former(self, external_id: str) -> FormerIdentity | None:
        """Return whom the same directory meant, before the tenant deleted the identity provider and made it anew."""
        return former_identity(self.host.identity_provider, external_id) if external_id else None

    def _found(
        self,
        user: AbstractBaseUser,
        identity: ExternalIdentity | None,
        former: FormerIdentity | None = None,
    ) -> Found:
        privileged = self.host.exceeds_tenant(user)
        current = current_user(user, self.desired, identity, privileged=privileged)
        if former is not None:
            # Known already, so that nothing has to be linked; and switched off still, if they were.
            current = replace(current, linked=True, identity_active=former.active)
        return Found(user=user, identity=identity, current=current, former=former)

    def _decide(self, found: Found | None) -> Decision:
        current = found.current if found else None
        policy = self.host.identity_provider.policy(tenant_enabled=self.host.is_tenant_enabled())
        if self._as_if_enabled:
            policy = replace(policy, identity_provider_enabled=True)
        named = with_username(
            self.desired, current, self.host, crowded=self.crowded, among=self._among
        )
        wanted = self._with_assignable_groups(named, current)
        changed = dict(diff(wanted, current).fields)
        if user_fields.username_is_free_to_choose():
            # Found free a moment ago. Whoever takes it now makes us try another, and is no conflict.
            changed.pop(get_user_model().USERNAME_FIELD, None)
        owner = current.pk if current else None
        taken = user_fields.taken(changed, except_for=owner, among=self._among)
        decision = decide(wanted, current, policy, taken)
        objection = self._objection(decision, found)
        if objection and current and wanted.active is False:
            return only_inactive(wanted, current, objection)
        return objection or decision

    def _objection(self, decision: Decision, found: Found | None) -> Refuse | None:
        """Return what the host's user model says against what would be written, if it does."""
        if isinstance(decision, Create):
            return objection_to_new(self.host, decision)
        if isinstance(decision, Update) and decision.changes.fields and found is not None:
            return objection_to_change(found.user, decision.changes.fields)
        return None

    def _with_assignable_groups(
        self, desired: DesiredUser, current: CurrentUser | None
    ) -> DesiredUser:
        """Leave out groups that the host does not let this tenant give, whatever its mapping says.

        Forms accept none such, but the host may have changed its mind since. Asked only about those who would join.
        """
        joining = diff(desired, current).groups.join
        if not joining:
            return desired
        allowed = self.host.assignable_groups().filter(pk__in=joining).values_list("pk", flat=True)
        refused = joining - set(allowed)
        return without_groups(desired, refused) if refused else desired


def _is_conflict(decision: Decision) -> bool:
    return isinstance(decision, Refuse) and decision.reason is RefusalReason.CONFLICT
