"""Provision an account: read once, decide, write once, record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, IntegrityError, transaction

from jitprov.accounts.access import deprovision, end_now, give_back_now
from jitprov.accounts.contention import is_busy, is_unique_violation, persevere, violated
from jitprov.accounts.desired import Rules, desired_user
from jitprov.accounts.judging import Judge
from jitprov.accounts.people import Found, apply_groups, provenance
from jitprov.exceptions import ConfigurationError
from jitprov.host.provisioner import ProvisioningRefused, provisioner_for
from jitprov.journal import events
from jitprov.journal.events import Attempt
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
    Road,
    accounts_database,
    digest,
    new_reference,
)
from jitprov.provisioning.types import (
    Claims,
    Create,
    DesiredUser,
    RefusalReason,
    Refuse,
    Update,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provisioned:
    """The result of provisioning: a user who may come in, or has left, and the event that records it."""

    user: AbstractBaseUser
    identity: ExternalIdentity
    """As it was read, locked, or made."""
    event: ProvisioningEvent
    desired: DesiredUser
    unwritten: Refuse | None = None
    """Why nothing was written of somebody but that they are inactive; ``None`` if everything was written."""


Admit: TypeAlias = Callable[[Provisioned], bool]
"""Says whether somebody who was just provisioned is let in, as the host's authentication backends do."""


def provision(
    identity_provider: IdentityProvider,
    claims: Claims,
    attempt: Attempt | None = None,
    admit: Admit | None = None,
) -> Provisioned:
    """Make the account agree with the claims, in one transaction, and record it.

    :param admit: asked last, inside the transaction: if it says no, nothing was written.
    :raises ProvisioningRefused: by the tenant's rules the person may not come in. Recorded.
    :raises MappingError: the tenant's mapping does not make sense. Not recorded.
    :raises ConfigurationError: the database does not take what was written. Not recorded.
    :raises TryAgain: other transactions were in the way too often. Not recorded.
    """
    if claims.active is False:
        _end_access(identity_provider, claims)
    host = provisioner_for(identity_provider)
    judge = Judge(host, desired_user(claims, Rules.of(identity_provider), host))
    result = _Provisioning(judge, attempt or Attempt(), admit).carry_out()
    if isinstance(result, ProvisioningRefused):
        raise result
    return result


def _end_access(identity_provider: IdentityProvider, claims: Claims) -> None:
    """End access before anything else is looked at, so that no mapping and no value can be in the way."""
    known = ExternalIdentity.objects.using(accounts_database()).filter(
        identity_provider=identity_provider, external_id_digest=digest(claims.external_id)
    )
    if (identity := known.first()) is not None:
        deprovision(identity, source=Road(claims.source))


class _Provisioning:
    """One account that is being provisioned, by as many tries as it takes."""

    def __init__(self, judge: Judge, attempt: Attempt, admit: Admit | None) -> None:
        self.judge, self.attempt, self.admit = judge, attempt, admit
        self.found: Found | None = None
        self.host, self.desired = judge.host, judge.desired
        self.identity_provider = judge.host.identity_provider

    def carry_out(self) -> Provisioned | ProvisioningRefused:
        try:
            # Tried again: two first sign-ins of one person, a user name that somebody takes just now, a deadlock.
            return persevere(self._once, self._lost)
        except IntegrityError as error:
            if not is_unique_violation(error):
                # A host's mistake, such as a column left NULL, or a row that was referred to and is gone.
                raise ConfigurationError(
                    f"the database does not take the account: {violated(error)}"
                ) from error
            # A constraint of the host's over several fields, which nobody could look up beforehand.
            return self._refused(Refuse(reason=RefusalReason.CONFLICT), self._known)
        except ProvisioningRefused as error:
            # By a method or a backend of the host's, so that the transaction was undone.
            return self._refused(error.refusal, self._known)

    def _lost(self, error: DatabaseError) -> bool:
        lost = is_busy(error) or is_unique_violation(error)
        self.judge.crowded = self.judge.crowded or lost
        return lost

    def _once(self) -> Provisioned | ProvisioningRefused:
        with transaction.atomic(using=accounts_database()):
            self.found, decision = self.judge.judge()
            if isinstance(decision, Refuse):
                return self._refused(decision, self._known)  # raised after the commit
            reference = new_reference()
            user, identity = self._apply(decision, self.found, reference)
            if not user.is_active and self.desired.active is not False:
                # A host may make accounts that somebody has to approve first: they stay, and nobody is let in.
                return self._refused(Refuse(reason=RefusalReason.ACCOUNT_DISABLED), user)
            event = events.record_success(
                self.identity_provider,
                user,
                reference=reference,
                outcome=_outcome(decision),
                desired=decision.desired,
                changes=decision.changes,
                attempt=self.attempt,
                unwritten=_unwritten(decision),
            )
            provisioned = Provisioned(
                user=user,
                identity=identity,
                event=event,
                desired=self.desired,
                unwritten=_unwritten(decision),
            )
            if self.admit is not None and not self.admit(provisioned):
                raise ProvisioningRefused(Refuse(reason=RefusalReason.HOST_DENIED))
        return provisioned

    def _apply(
        self, decision: Create | Update, found: Found | None, reference: str
    ) -> tuple[AbstractBaseUser, ExternalIdentity]:
        if isinstance(decision, Create) or found is None:
            user = self.host.create_user(decision)  # type: ignore[arg-type]
        else:
            user = found.user
            if found.identity and decision.changes.active:
                give_back_now(found.identity, self.host, self._road)
            self.host.update_user(user, decision)
        identity = self._identify(user, decision, found, reference)
        apply_groups(user, identity, decision, reference)
        if _unwritten(decision) is None:
            self.host.write_related(user, decision.desired)
        if decision.changes.active is False:
            self._end(identity)
        return user, identity

    @property
    def _road(self) -> Road:
        return Road(self.desired.claims.source)

    def _end(self, identity: ExternalIdentity) -> None:
        """End the access of somebody who was known only from before their identity provider was connected anew."""
        result = end_now(identity, self.host, self._road)
        if isinstance(result, ProvisioningRefused):
            raise result

    def _identify(
        self,
        user: AbstractBaseUser,
        decision: Create | Update,
        found: Found | None,
        reference: str,
    ) -> ExternalIdentity:
        """Return the identity, and note on it for each field that is written where the value comes from."""
        identity = found.identity if found else None
        written = provenance(decision, reference)
        if identity is None:
            if found is not None and found.former is not None:
                found.former.delete()  # known by their identity from now on
            return ExternalIdentity.objects.create(
                identity_provider=self.identity_provider,
                external_id=decision.desired.claims.external_id,
                user_id=user.pk,
                provenance=written,
                made_account=_is_ours(decision, found),
                active=found.current.identity_active if found else True,
            )
        if written:
            identity.provenance = {**identity.provenance, **written}
            identity.save(update_fields=["provenance"])
        return identity

    @property
    def _known(self) -> AbstractBaseUser | None:
        """Return the account that was there before."""
        return self.found.user if self.found else None

    def _refused(self, refusal: Refuse, user: AbstractBaseUser | None) -> ProvisioningRefused:
        error = ProvisioningRefused(refusal)
        if refusal.reason is RefusalReason.GROUP_REQUIRED:
            error.text = self.identity_provider.group_required_text
        events.record_refusal(
            self.identity_provider,
            error,
            user=user,
            fields=refusal.fields,
            desired=self.desired,
            attempt=self.attempt,
        )
        return error


def _is_ours(decision: Create | Update, found: Found | None) -> bool:
    """Say whether the account was made for this anchor, now or before the identity provider was connected anew."""
    if found is not None and found.former is not None:
        return found.former.made_account
    return isinstance(decision, Create)


def _unwritten(decision: Create | Update) -> Refuse | None:
    return decision.unwritten if isinstance(decision, Update) else None


def _outcome(decision: Create | Update) -> Outcome:
    if isinstance(decision, Create):
        return Outcome.CREATED
    return Outcome.UPDATED if decision.changes or decision.link else Outcome.UNCHANGED
