"""Provision an account: read once, decide, write once, record."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import DatabaseError, IntegrityError, transaction

from jitprov.accounts.contention import is_busy, is_unique_violation, persevere
from jitprov.accounts.desired import Rules, desired_user
from jitprov.accounts.judging import Judge
from jitprov.accounts.people import Found, apply_groups, provenance
from jitprov.host.provisioner import ProvisioningRefused, provisioner_for
from jitprov.journal import events
from jitprov.journal.events import Stopwatch
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
    accounts_database,
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
    """The result of provisioning: a user who may come in, and the event that records it."""

    user: AbstractBaseUser
    event: ProvisioningEvent
    desired: DesiredUser


def provision(
    identity_provider: IdentityProvider, claims: Claims, stopwatch: Stopwatch | None = None
) -> Provisioned:
    """Make the account agree with the claims, in one transaction, and record it.

    :raises ProvisioningRefused: by the tenant's rules the person may not come in. Recorded.
    :raises MappingError: the tenant's mapping does not make sense. Not recorded.
    :raises TryAgain: other transactions were in the way too often. Not recorded.
    """
    desired = desired_user(claims, Rules.of(identity_provider))
    judge = Judge(provisioner_for(identity_provider), desired)
    result = _Provisioning(judge, stopwatch or Stopwatch()).carry_out()
    if isinstance(result, ProvisioningRefused):
        raise result
    return result


class _Provisioning:
    """One account that is being provisioned, by as many tries as it takes."""

    def __init__(self, judge: Judge, stopwatch: Stopwatch) -> None:
        self.judge, self.stopwatch = judge, stopwatch
        self.host, self.desired = judge.host, judge.desired
        self.identity_provider = judge.host.identity_provider

    def carry_out(self) -> Provisioned | ProvisioningRefused:
        try:
            # Tried again: two first sign-ins of one person, a user name that somebody takes just now, a deadlock.
            return persevere(self._once, self._lost)
        except IntegrityError as error:
            if not is_unique_violation(error):
                raise  # a host's mistake, such as a column left NULL
            # A constraint of the host's over several fields, which nobody could look up beforehand.
            return self._refused(Refuse(reason=RefusalReason.CONFLICT), None)
        except ProvisioningRefused as error:
            # By a method of the host's, so that the transaction was undone.
            return self._refused(error.refusal, None)

    def _lost(self, error: DatabaseError) -> bool:
        lost = is_busy(error) or is_unique_violation(error)
        self.judge.crowded = self.judge.crowded or lost
        return lost

    def _once(self) -> Provisioned | ProvisioningRefused:
        with transaction.atomic(using=accounts_database()):
            found, decision = self.judge.judge()
            if isinstance(decision, Refuse):
                return self._refused(decision, found)  # raised after the commit
            reference = new_reference()
            user = self._apply(decision, found, reference)
            event = events.record_success(
                self.identity_provider,
                user,
                reference=reference,
                outcome=_outcome(decision),
                desired=decision.desired,
                changes=decision.changes,
                stopwatch=self.stopwatch,
            )
        return Provisioned(user=user, event=event, desired=self.desired)

    def _apply(
        self, decision: Create | Update, found: Found | None, reference: str
    ) -> AbstractBaseUser:
        if isinstance(decision, Create) or found is None:
            user = self.host.create_user(decision)  # type: ignore[arg-type]
        else:
            user = found.user
            self.host.update_user(user, decision)
        identity = self._identify(user, decision, found, reference)
        apply_groups(user, identity, decision, reference)
        self.host.write_related(user, decision.desired)
        return user

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

    def _refused(self, refusal: Refuse, found: Found | None) -> ProvisioningRefused:
        error = ProvisioningRefused(refusal)
        events.record_refusal(
            self.identity_provider,
            error,
            user=found.user if found else None,
            fields=refusal.fields,
            desired=self.desired,
            stopwatch=self.stopwatch,
        )
        return error


def _outcome(decision: Create | Update) -> Outcome:
    if isinstance(decision, Create):
        return Outcome.CREATED
    return Outcome.UPDATED if decision.changes or decision.link else Outcome.UNCHANGED
