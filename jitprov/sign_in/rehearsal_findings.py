"""Put the report of a test sign-in together: what came, how it was judged, and what would happen to the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import chain
from typing import Any

from django.contrib.auth.models import Group

from jitprov import accounts
from jitprov.accounts import Preview
from jitprov.exceptions import JitprovError
from jitprov.models import IdentityProvider
from jitprov.provisioning.decide import diff
from jitprov.provisioning.groups import unmatched_values
from jitprov.provisioning.types import (
    Changes,
    Claims,
    Create,
    CurrentUser,
    DesiredUser,
    Note,
    Problem,
    RefusalReason,
    Refuse,
    TraceStep,
)
from jitprov.saml.examination import Examination
from jitprov.sign_in.rehearsal_report import (
    MAX_CLAIMS,
    Report,
    ReportedCheck,
    ReportedField,
    cut,
    reported_claim,
)

_COUNT_AS_PASSED = {RefusalReason.CREATION_DISABLED}
"""Refusals that a passed test may have: where new people cannot be created, no test could pass otherwise."""


def without_claims(examination: Examination, error: JitprovError | None) -> Report:
    """Return the report of a response whose origin is not proved: how each check went, and nothing that it says."""
    return Report(
        passed=False,
        code=error.code if error else "refused",
        expected=error.expected if error else "",
        received=error.received if error else (),
        checks=_checks(examination),
    )


def with_claims(
    identity_provider: IdentityProvider,
    examination: Examination,
    claims: Claims,
    error: JitprovError | None,
) -> Report:
    """Return the report of a response whose origin is proved: what it says, and what a sign-in would do."""
    name_id = examination.name_id
    report = without_claims(examination, error)
    common: dict[str, Any] = {
        "expected": report.expected,
        "received": report.received,
        "checks": report.checks,
        "claims": tuple(
            reported_claim(name, values)
            for name, values in list(claims.values.items())[:MAX_CLAIMS]
        ),
        "name_id": name_id.value[:1000] if name_id else "",
        "name_id_format": name_id.format if name_id else "",
        "external_id": claims.external_id,
    }
    try:
        preview = accounts.preview(identity_provider, claims, as_if_enabled=True)
    except JitprovError as refusal:
        return Report(passed=False, code=(error or refusal).code, decision="refuse", **common)
    unmatched = unmatched_values(claims, identity_provider.group_rules())
    return Report(**_decided(preview, error), **_written(preview, unmatched), **common)


def _decided(preview: Preview, error: JitprovError | None) -> dict[str, Any]:
    decision = preview.decision
    known = preview.user if _linked_account(preview) else None
    reason = decision.reason if isinstance(decision, Refuse) else None
    let_in = reason is None or reason in _COUNT_AS_PASSED
    if isinstance(decision, Refuse):
        verb = "refuse"
    else:
        verb = "create" if isinstance(decision, Create) else "update"
    return {
        "passed": error is None and let_in,
        "code": error.code if error else (str(reason or "")),
        "decision": verb,
        "username": known.get_username() if known else "",
    }


def _linked_account(preview: Preview) -> CurrentUser | None:
    """Return the account if it is linked to this identity provider. An unlinked account may be another tenant's."""
    current = preview.current
    return current if current is not None and current.linked else None


def _written(preview: Preview, unmatched: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """Return the changes to the account, also for a person who would be refused.

    :param unmatched: values of groups that no group mapping has, by claim.
    """
    desired = preview.settled
    changes = diff(desired, _linked_account(preview))
    names = _group_names({*changes.groups.join, *changes.groups.leave})
    return {
        "fields": tuple(_field(step, desired, changes, preview) for step in desired.trace),
        "groups_joined": tuple(names[group] for group in sorted(changes.groups.join)),
        "groups_left": tuple(names[group] for group in sorted(changes.groups.leave)),
        "groups_unmatched": cut(chain.from_iterable(unmatched.values())),
        "notes": tuple(note.value for note in Note if note in desired.notes),
    }


def _field(
    step: TraceStep, desired: DesiredUser, changes: Changes, preview: Preview
) -> ReportedField:
    wanted = desired.fields.get(step.target)
    current = _linked_account(preview)
    before = current.fields.get(step.target) if current else None
    refusal = next((one for one in desired.problems if one.field == step.target), None)
    problem = refusal or desired.unfit_of(step.target)
    return ReportedField(
        target=step.target,
        source=step.source,
        received=cut(step.received),
        steps=tuple((name, _shown(value)) for name, value in step.steps),
        outcome=_outcome(step, refusal, problem),
        before=_shown(before),
        after=_shown(wanted.value if wanted else before),
        changes=step.target in changes.fields,
        problem=problem.detail if problem else "",
    )


def _outcome(step: TraceStep, refusal: Problem | None, problem: Problem | None) -> str:
    if refusal is not None:
        return refusal.reason.value
    return Note.VALUE_NOT_USABLE.value if problem else step.outcome


def _shown(value: Any) -> str:
    """Return a value as text."""
    if value is None:
        return ""
    texts: Iterable[Any] = value if isinstance(value, tuple) else (value,)
    return ", ".join(cut(map(str, texts)))[:1000]


def _group_names(groups: set[int]) -> dict[int, str]:
    names = dict(Group.objects.filter(pk__in=groups).values_list("pk", "name")) if groups else {}
    return {group: names.get(group, str(group)) for group in groups}


def _checks(examination: Examination) -> tuple[ReportedCheck, ...]:
    return tuple(
        ReportedCheck(
            check=one.check.value,
            passed=one.passed,
            code=one.code,
            expected=one.expected,
            received=one.received,
        )
        for one in examination.results
    )
