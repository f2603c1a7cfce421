"""Change with care whom an identity provider with people is trusted for: new trust counts after a passed test.

Whoever may configure a tenant's sign-in could otherwise change, by one press, who everybody is taken for, or lock everybody
out. What is known goes on working meanwhile; taking trust away counts at once.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone

from jitprov import signals
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    ProposedTrust,
    SigningCertificate,
    Via,
    accounts_database,
)
from jitprov.models.changes import MAX_LABEL
from jitprov.saml.certificates import load_certificate

COLUMNS = ("entity_id", "sso_url", "sso_binding", "subject_claim", "metadata_url")
TRUST = "trust"
"""What the record of changes calls it."""
_OPERATORS = frozenset({Via.COMMAND, Via.CODE})
"""Ways that only those have who run the application."""

Certificates: TypeAlias = Mapping[str, Mapping[str, Any]]
"""``pem`` and ``allow_expired`` by fingerprint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trusted:
    columns: Mapping[str, Any]
    certificates: Certificates


@dataclass(slots=True)
class Held:
    """What became of a change, once it is over: the proposal that now waits for a test, if there is one."""

    proposal: ProposedTrust | None = None


@contextmanager
def changing(
    identity_provider: IdentityProvider,
    actor: Actor,
    note: str = "",
    *,
    refreshed: bool = False,
    replaces: bool = False,
) -> Iterator[Held]:
    """Record what the block changes in the configuration, and hold back the new trust in it, in one transaction.

    :param refreshed: the block saves what was fetched from the metadata URL that is trusted already. Its certificates
        count at once, and so does a sign-on URL at the same host.
    :param replaces: the block replaces all certificates, so that the old ones go when the new ones come.
    """
    held = Held()
    with audit.recorded(identity_provider, actor, note):
        careful = refreshed or actor.via not in _OPERATORS
        before = _trusted(identity_provider) if careful and _has_people(identity_provider) else None
        yield held
        if before is not None:
            after = _trusted(identity_provider)
            held.proposal = _Change(before, after, refreshed, replaces).hold_back(
                identity_provider, actor
            )


def proposal_of(identity_provider: IdentityProvider) -> ProposedTrust | None:
    """Return what waits for a test, if anything does."""
    return ProposedTrust.objects.filter(identity_provider=identity_provider).first()


def unknown_people(proposal: ProposedTrust) -> int:
    """Return how many people would be unknown afterwards, because another claim or directory says who somebody is."""
    if not {"subject_claim", "entity_id"} & proposal.columns.keys():
        return 0
    return ExternalIdentity.objects.filter(identity_provider=proposal.identity_provider_id).count()


def withdraw(identity_provider: IdentityProvider, actor: Actor) -> bool:
    """Forget what waits for a test; say whether there was anything."""
    with transaction.atomic(using=accounts_database()):
        proposal = _locked(identity_provider)
        if proposal is None:
            return False
        proposal.delete()
        _note(identity_provider, actor, f"withdrawn: {', '.join(proposal.names)}")
    return True


# The test


def digest(identity_provider: IdentityProvider) -> str:
    """Return a digest of the configuration as a test uses it: with what is proposed."""
    configured = audit.configuration_digest(identity_provider)
    proposal = proposal_of(identity_provider)
    if proposal is None:
        return configured
    return audit.digest_of([configured, proposal.content()])


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """The identity provider as it would be, for one test."""

    identity_provider: IdentityProvider
    fingerprint: str = ""
    """The new certificate that a good response proves; empty if only those that count already are tried."""


def trials(identity_provider: IdentityProvider) -> list[Trial]:
    """Return what a response of a test is judged with: each new certificate alone, then those that count already."""
    proposal = proposal_of(identity_provider)
    if proposal is None:
        return [Trial(identity_provider=identity_provider)]
    row = copy.copy(identity_provider)
    for name, value in proposal.columns.items():
        setattr(row, name, value)
    return [
        *(
            Trial(identity_provider=_with(row, [one]), fingerprint=_fingerprint(one))
            for one in proposal.certificates
        ),
        Trial(identity_provider=row),
    ]


def apply(identity_provider: IdentityProvider, tested: str, fingerprint: str) -> None:
    """Let what was tested count; what was not proved goes on waiting.

    :param tested: the :func:`digest` that the test began with. Of another proposal nothing is applied.
    :param fingerprint: of the new certificate that signed; empty if one signed that counted already.
    """
    with transaction.atomic(using=accounts_database()):
        proposal = _locked(identity_provider)
        if proposal is None or digest(identity_provider) != tested:
            return
        proved = [one for one in proposal.certificates if _fingerprint(one) == fingerprint]
        if not (proposal.columns or proved):
            return
        row = identity_provider
        by = Actor(via=Via(proposal.via), name=proposal.proposed_by)
        with audit.recorded(row, by, "after a passed test"):
            _apply(row, proposal, proved)
        transaction.on_commit(
            partial(
                signals.trust_changed.send_robust,
                sender=IdentityProvider,
                identity_provider=row,
                proposed_by=proposal.proposed_by,
                via=proposal.via,
                names=[*sorted(proposal.columns), *(["certificates"] if proved else [])],
            ),
            using=accounts_database(),
        )


def _apply(row: IdentityProvider, proposal: ProposedTrust, proved: list[Any]) -> None:
    _set(row, proposal.columns)
    waiting = [one for one in proposal.certificates if one not in proved]
    _add(row, proved)
    if waiting:
        proposal.columns, proposal.certificates = {}, waiting
        proposal.save(update_fields=["columns", "certificates"])
        return
    row.certificates.filter(fingerprint__in=proposal.removed).delete()
    proposal.delete()


# Holding back


@dataclass(frozen=True, slots=True)
class _Change:
    """A change of what is trusted, already written."""

    before: _Trusted
    after: _Trusted
    refreshed: bool
    replaces: bool

    def hold_back(self, row: IdentityProvider, actor: Actor) -> ProposedTrust | None:
        """Undo the new trust, and return it as a proposal; ``None`` if there is none in it."""
        columns, added = self._columns(), self._added()
        if not (columns or added):
            return None
        _set(row, {name: self.before.columns[name] for name in columns})
        row.certificates.filter(fingerprint__in=list(added)).delete()
        waiting = self._removals(added)
        _add(row, [self.before.certificates[one] for one in waiting])
        new = _NewTrust(
            columns=columns,
            certificates=list(added.values()),
            removed=waiting,
            replaces=self.replaces,
        )
        return _propose(row, actor, new)

    def _columns(self) -> dict[str, Any]:
        return {
            name: self.after.columns[name]
            for name in COLUMNS
            if self.after.columns[name] != self.before.columns[name]
            and not self._stays_at_its_host(name)
        }

    def _stays_at_its_host(self, name: str) -> bool:
        if not self.refreshed or name not in {"sso_url", "sso_binding"}:
            return False
        before, after = (urlsplit(one.columns["sso_url"]) for one in (self.before, self.after))
        return (before.scheme, before.netloc) == (after.scheme, after.netloc)

    def _added(self) -> dict[str, Mapping[str, Any]]:
        if self.refreshed:
            return {}
        known = self.before.certificates
        return {key: one for key, one in self.after.certificates.items() if key not in known}

    def _removals(self, added: Mapping[str, Any]) -> list[str]:
        """Return the certificates that must stay until the new ones count: all or none would be left without them."""
        removed = [key for key in self.before.certificates if key not in self.after.certificates]
        stay = added and (self.replaces or not self.after.certificates.keys() - added.keys())
        return removed if stay else []


@dataclass(frozen=True, slots=True, kw_only=True)
class _NewTrust:
    """What a change holds back."""

    columns: Mapping[str, Any]
    certificates: list[Mapping[str, Any]]
    removed: list[str]
    """Fingerprints of the certificates that go when the new ones come."""
    replaces: bool
    """Whether new certificates take the place of those that wait already."""


def _propose(row: IdentityProvider, actor: Actor, new: _NewTrust) -> ProposedTrust:
    proposal = _locked(row) or ProposedTrust(identity_provider=row)
    before = proposal.content() if proposal.pk else None
    _merge(proposal, row, new)
    if proposal.content() == before:
        return proposal
    proposal.proposed_by, proposal.via = actor.name[:MAX_LABEL], actor.via
    proposal.proposed_at = timezone.now()
    proposal.save()
    _note(row, actor, f"waits for a test: {', '.join(proposal.names)}")
    transaction.on_commit(
        partial(
            signals.trust_proposed.send_robust,
            sender=IdentityProvider,
            identity_provider=row,
            proposed_by=proposal.proposed_by,
            via=proposal.via,
            names=proposal.names,
        ),
        using=accounts_database(),
    )
    return proposal


def _merge(proposal: ProposedTrust, row: IdentityProvider, new: _NewTrust) -> None:
    earlier: list[Any] = [] if new.replaces and new.certificates else proposal.certificates
    by_fingerprint = {_fingerprint(one): dict(one) for one in [*earlier, *new.certificates]}
    merged = {**proposal.columns, **new.columns}
    proposal.columns = {
        name: value for name, value in merged.items() if value != getattr(row, name)
    }
    proposal.certificates = list(by_fingerprint.values())
    proposal.removed = sorted({*([] if new.replaces else proposal.removed), *new.removed})


# Rows


def _has_people(row: IdentityProvider) -> bool:
    return ExternalIdentity.objects.filter(
        identity_provider=row.pk, identity_provider__enabled=True
    ).exists()


def _trusted(row: IdentityProvider) -> _Trusted:
    columns = IdentityProvider.objects.filter(pk=row.pk).values(*COLUMNS).get()
    stored = SigningCertificate.objects.filter(identity_provider=row.pk).order_by("pk")
    return _Trusted(
        columns=columns,
        certificates={
            one["fingerprint"]: {"pem": one["pem"], "allow_expired": one["allow_expired"]}
            for one in stored.values("fingerprint", "pem", "allow_expired")
        },
    )


def _set(row: IdentityProvider, columns: Mapping[str, Any]) -> None:
    if columns:
        changed = {**columns, "updated_at": timezone.now()}
        IdentityProvider.objects.filter(pk=row.pk).update(**changed)
        for name, value in changed.items():
            setattr(row, name, value)


def _add(row: IdentityProvider, certificates: list[Any]) -> None:
    for one in certificates:
        known = row.certificates.filter(fingerprint=_fingerprint(one)).exists()
        if not known:
            row.certificates.create(pem=one["pem"], allow_expired=one["allow_expired"])


def _with(row: IdentityProvider, certificates: list[Any]) -> IdentityProvider:
    """Return a copy of a row that has these certificates and no others."""
    other = copy.copy(row)
    other.__dict__["certificate_rows"] = certificates
    return other


def _fingerprint(certificate: Mapping[str, Any]) -> str:
    return load_certificate(certificate["pem"], allow_expired=True).fingerprint


def _locked(row: IdentityProvider) -> ProposedTrust | None:
    return ProposedTrust.objects.select_for_update().filter(identity_provider=row).first()


def _note(row: IdentityProvider, actor: Actor, text: str) -> None:
    audit.record_done(row, actor, TRUST, note=text[:MAX_LABEL])
