"""Read once, decide, write once, record: the one way in which accounts come about.

Subclass :class:`Provisioner` and name it in ``JITPROV_PROVISIONER`` to say how accounts of your application are
found and written. Decisions are methods here; reports are signals.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.db import DatabaseError, IntegrityError, models, transaction
from django.utils.module_loading import import_string

from jitprov.accounts.contention import TryAgain, is_busy, is_unique_violation, persevere
from jitprov.accounts.people import (
    Found,
    apply_groups,
    current_user,
    identities,
    provenance,
    without_groups,
)
from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.host import user_fields
from jitprov.host.assignable_groups import assignable_groups
from jitprov.journal import events
from jitprov.journal.events import Stopwatch
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
    TenantAdministrator,
    accounts_database,
    new_reference,
)
from jitprov.provisioning.decide import decide, diff
from jitprov.provisioning.mapping import map_claims
from jitprov.provisioning.types import (
    ClaimRule,
    Claims,
    Create,
    CurrentUser,
    Decision,
    DesiredUser,
    DesiredValue,
    GroupRule,
    Problem,
    RefusalReason,
    Refuse,
    SyncMode,
    Update,
)
from jitprov.provisioning.usernames import candidates, is_variant, wish_from

__all__ = [
    "Preview",
    "Provisioned",
    "Provisioner",
    "ProvisioningRefused",
    "Rules",
    "TryAgain",
    "provisioner_class",
    "provisioner_for",
]


class ProvisioningRefused(JitprovError):
    """The assertion is good, and the person may not come in all the same; ``code`` is the reason."""

    code = "provisioning_refused"
    origin_verified = True

    def __init__(self, refusal: Refuse) -> None:
        super().__init__(refusal.reason)
        self.code = refusal.reason.value
        self.refusal = refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """What came of provisioning: somebody who may come in."""

    user: AbstractBaseUser
    event: ProvisioningEvent
    desired: DesiredUser


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A tenant's mapping, or one that is only proposed."""

    claim_rules: tuple[ClaimRule, ...]
    group_rules: tuple[GroupRule, ...]

    @classmethod
    def of(cls, identity_provider: IdentityProvider) -> Rules:
        """Return what is configured."""
        return cls(
            claim_rules=identity_provider.claim_rules(), group_rules=identity_provider.group_rules()
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a sign-in would do, and to whom."""

    desired: DesiredUser
    decision: Decision
    current: CurrentUser | None
    user: AbstractBaseUser | None
    """Who it is, if there is an account already."""

    @property
    def settled(self) -> DesiredUser:
        """The wish as far as it was settled: with the user name that is free, without groups that may not be given."""
        return self.desired if isinstance(self.decision, Refuse) else self.decision.desired


class Provisioner:
    """Makes accounts agree with what an identity provider says, by the tenant's rules."""

    def __init__(self, identity_provider: IdentityProvider) -> None:
        self.identity_provider = identity_provider
        self._lost_a_race = False
        self._as_if_enabled = False

    # What a host may override

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
        """Write what differs. Called at every later sign-in, also when nothing does."""
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

    # The engine

    def provision(self, claims: Claims, stopwatch: Stopwatch | None = None) -> Provisioned:
        """Make the account agree with the claims, in one transaction, and record it.

        :raises ProvisioningRefused: by the tenant's rules the person may not come in. Recorded.
        :raises MappingError: the tenant's mapping does not make sense. Not recorded.
        :raises TryAgain: other transactions were in the way too often. Not recorded.
        """
        watch = stopwatch or Stopwatch()
        desired = _desired(claims, Rules.of(self.identity_provider))
        try:
            # Tried again: two first sign-ins of one person, a user name that somebody takes just now, a deadlock.
            result = persevere(partial(self._provision_once, desired, watch), self._lost)
        except IntegrityError as error:
            if not is_unique_violation(error):
                raise  # a host's mistake, such as a column left NULL
            # A constraint of the host's over several fields, which nobody could look up beforehand.
            result = self._refused(Refuse(reason=RefusalReason.CONFLICT), None, desired, watch)
        except ProvisioningRefused as error:
            # By a method of the host's, so that the transaction was undone.
            result = self._refused(error.refusal, None, desired, watch)
        if isinstance(result, ProvisioningRefused):
            raise result
        return result

    def preview(
        self, claims: Claims, rules: Rules | None = None, *, as_if_enabled: bool = False
    ) -> Preview:
        """Say what a sign-in with these claims would do. Writes nothing.

        :param rules: a mapping that is only proposed; ``None`` for the one that is configured.
        :param as_if_enabled: judge as if the identity provider were switched on.
        :raises MappingError: the mapping does not make sense.
        """
        desired = _desired(claims, rules or Rules.of(self.identity_provider))
        self._as_if_enabled = as_if_enabled
        try:
            with transaction.atomic(using=accounts_database()):
                found, decision = self._judge(desired)
        finally:
            self._as_if_enabled = False
        return Preview(
            desired=desired,
            decision=decision,
            current=found.current if found else None,
            user=found.user if found else None,
        )

    def _lost(self, error: DatabaseError) -> bool:
        lost = is_busy(error) or is_unique_violation(error)
        self._lost_a_race = self._lost_a_race or lost
        return lost

    def _provision_once(
        self, desired: DesiredUser, watch: Stopwatch
    ) -> Provisioned | ProvisioningRefused:
        with transaction.atomic(using=accounts_database()):
            found, decision = self._judge(desired)
            if isinstance(decision, Refuse):
                return self._refused(decision, found, desired, watch)  # raised after the commit
            reference = new_reference()
            user = self._apply(decision, found, reference)
            event = events.record_success(
                self.identity_provider,
                user,
                reference=reference,
                outcome=_outcome(decision),
                desired=decision.desired,
                changes=decision.changes,
                stopwatch=watch,
            )
        return Provisioned(user=user, event=event, desired=desired)

    def _judge(self, desired: DesiredUser) -> tuple[Found | None, Decision]:
        """Read and decide; again where somebody unknown is refused for a value that somebody else has.

        Between the two reads the same person may have come in by another tab (READ COMMITTED), and then
        the value that is taken is their own.
        """
        found = self._read(desired)
        decision = self._decide(found, desired)
        if found is None and _is_conflict(decision):
            found = self._read(desired)
            decision = self._decide(found, desired)
        return found, decision

    def _read(self, desired: DesiredUser) -> Found | None:
        """Read everything that the decision needs in one statement, and keep others from writing it."""
        claims = desired.claims
        identity = identities(self.identity_provider, claims.external_id).first()
        if identity is not None:
            return Found(
                user=identity.user,
                identity=identity,
                current=current_user(identity.user, desired, identity),
            )
        user = self.find(claims) if claims.external_id else None
        if user is None:
            return None
        return Found(user=user, identity=None, current=current_user(user, desired, None))

    def _decide(self, found: Found | None, desired: DesiredUser) -> Decision:
        current = found.current if found else None
        policy = self.identity_provider.policy(tenant_enabled=self.is_tenant_enabled())
        if self._as_if_enabled:
            policy = replace(policy, identity_provider_enabled=True)
        wanted = self._with_assignable_groups(self._with_username(desired, current), current)
        changed = dict(diff(wanted, current).fields)
        if user_fields.username_is_free_to_choose():
            # Found free a moment ago. Whoever takes it now makes us try another, and is no conflict.
            changed.pop(get_user_model().USERNAME_FIELD, None)
        owner = current.pk if current else None
        return decide(wanted, current, policy, user_fields.taken(changed, except_for=owner))

    def _with_assignable_groups(
        self, desired: DesiredUser, current: CurrentUser | None
    ) -> DesiredUser:
        """Give nobody a group that the host does not let this tenant map to, whatever its mapping says.

        Forms accept none such, but the host may have changed its mind since. Asked only about those who would join.
        """
        joining = diff(desired, current).groups.join
        if not joining:
            return desired
        allowed = self.assignable_groups().filter(pk__in=joining).values_list("pk", flat=True)
        refused = joining - set(allowed)
        if not refused:
            return desired
        return without_groups(desired, refused)

    def _with_username(self, desired: DesiredUser, current: CurrentUser | None) -> DesiredUser:
        """Settle the user name: a free one for a new person, the old one while it still fits the wish."""
        name = get_user_model().USERNAME_FIELD
        wish = desired.fields.get(name)
        if not user_fields.username_is_free_to_choose():
            return desired if current or (wish and wish.value) else _without_username(desired, name)
        if current is None:
            return _with_field(desired, name, self._free_username(self.username_for(desired)))
        wanted = wish_from(str(wish.value)) if wish and wish.sync is SyncMode.ALWAYS else None
        if wanted is None or is_variant(
            current.fields[name], wanted, max_length=_username_length()
        ):
            return _without_field(desired, name)
        return _with_field(desired, name, self._free_username(wanted))

    def _free_username(self, wish: str) -> str:
        users = get_user_model()._default_manager
        name = get_user_model().USERNAME_FIELD
        suffixes = (secrets.token_hex(4) for _ in range(10))
        names = candidates(
            wish,
            max_length=_username_length(),
            suffixes=suffixes,
            crowded=self._lost_a_race,
        )
        for candidate in names:
            if not users.filter(**{name: candidate}).exists():
                return candidate
        raise IntegrityError("no free user name")

    def _apply(
        self, decision: Create | Update, found: Found | None, reference: str
    ) -> AbstractBaseUser:
        if isinstance(decision, Create) or found is None:
            user = self.create_user(decision)  # type: ignore[arg-type]
        else:
            user = found.user
            self.update_user(user, decision)
        identity = self._identify(user, decision, found, reference)
        apply_groups(user, identity, decision, reference)
        self.write_related(user, decision.desired)
        return user

    def _identify(
        self,
        user: AbstractBaseUser,
        decision: Create | Update,
        found: Found | None,
        reference: str,
    ) -> ExternalIdentity:
        """Return the identity, with a note for each field that is written of where its value comes from."""
        identity = found.identity if found else None
        written = provenance(decision, reference)
        if identity is None:
            return ExternalIdentity.objects.create(
                identity_provider=self.identity_provider,
                external_id=decision.desired.claims.external_id,
                user_id=user.pk,
                provenance=written,
            )
        if written:
            identity.provenance = {**identity.provenance, **written}
            identity.save(update_fields=["provenance"])
        return identity

    def _refused(
        self, refusal: Refuse, found: Found | None, desired: DesiredUser, watch: Stopwatch
    ) -> ProvisioningRefused:
        error = ProvisioningRefused(refusal)
        events.record_refusal(
            self.identity_provider,
            error,
            user=found.user if found else None,
            fields=refusal.fields,
            desired=desired,
            stopwatch=watch,
        )
        return error


def provisioner_class() -> type[Provisioner]:
    """Return the host's provisioner."""
    provisioner: type[Provisioner] = import_string(conf.PROVISIONER)
    return provisioner


def provisioner_for(identity_provider: IdentityProvider) -> Provisioner:
    """Return the host's provisioner for an identity provider."""
    return provisioner_class()(identity_provider)


def _desired(claims: Claims, rules: Rules) -> DesiredUser:
    return user_fields.cleaned(map_claims(claims, rules.claim_rules, rules.group_rules))


def _outcome(decision: Create | Update) -> Outcome:
    if isinstance(decision, Create):
        return Outcome.CREATED
    return Outcome.UPDATED if decision.changes or decision.link else Outcome.UNCHANGED


def _is_conflict(decision: Decision) -> bool:
    return isinstance(decision, Refuse) and decision.reason is RefusalReason.CONFLICT


def _username_length() -> int:
    return user_fields.username_field().max_length or 150


def _with_field(desired: DesiredUser, name: str, value: Any) -> DesiredUser:
    return _with_fields(desired, {**desired.fields, name: DesiredValue(value=value)})


def _without_field(desired: DesiredUser, name: str) -> DesiredUser:
    return _with_fields(
        desired, {key: desired.fields[key] for key in desired.fields if key != name}
    )


def _with_fields(desired: DesiredUser, fields: Mapping[str, DesiredValue]) -> DesiredUser:
    return replace(desired, fields=MappingProxyType(fields))


def _without_username(desired: DesiredUser, name: str) -> DesiredUser:
    """Say that a person without an e-mail address can have no account where that is the user name."""
    problem = Problem(reason=RefusalReason.REQUIRED_CLAIM_MISSING, field=name, detail="no value")
    return replace(desired, problems=(*desired.problems, problem))
