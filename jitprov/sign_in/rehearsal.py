"""A test sign-in: the whole round trip with the present configuration, which ends in a report and not in a session.

It uses the same assertion consumer service, verifier, mapping and decision as every sign-in, even while the identity
provider is switched off. It makes no user, session or identity, whatever the response says: our own signed cookie marks
a test, and the request of a test can never be answered by a sign-in.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth.models import Group
from django.core import signing
from django.utils import timezone

from jitprov import accounts
from jitprov.accounts import Preview
from jitprov.conf import conf
from jitprov.configuration import enabling
from jitprov.exceptions import JitprovError
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.journal.observed_claims import observe
from jitprov.models import IdentityProvider, SetupLink, TestSignIn, Via, new_reference
from jitprov.provisioning.decide import diff
from jitprov.provisioning.types import (
    Changes,
    Claims,
    Create,
    CurrentUser,
    DesiredUser,
    Note,
    RefusalReason,
    Refuse,
    TraceStep,
)
from jitprov.saml.assertion_refusals import RequestUnknown
from jitprov.saml.envelope import decode
from jitprov.saml.examination import Examination, examine_response, in_response_to_of
from jitprov.saml.types import AuthnRequest
from jitprov.saml.unproved import is_encrypted
from jitprov.sealed import seal, unseal
from jitprov.sign_in import round_trip
from jitprov.sign_in.rehearsal_report import (
    MAX_CLAIMS,
    Report,
    ReportedCheck,
    ReportedField,
    cut,
    reported_claim,
)
from jitprov.sign_in.round_trip import PendingLogin

REPORT_KEPT = timedelta(days=7)
MAX_KEPT = 20
"""Tests that are kept for one identity provider and one person or setup link."""
_SALT = "jitprov.test-sign-in"
_REPORT = "report"
_COUNT_AS_PASSED = {RefusalReason.CREATION_DISABLED}
"""Refusals that a passed test may have: where new people cannot be created, no test could pass otherwise."""


# To the identity provider


def begin(
    identity_provider: IdentityProvider,
    *,
    actor: Actor,
    report_url: str,
    reference: str = "",
    setup_link: SetupLink | None = None,
) -> TestSignIn:
    """Return a new test, which the browser begins at :func:`start_url`.

    :param report_url: the URL to which the browser is sent after the test, validated by the caller.
    :param reference: made by the caller, if the URL contains it.
    :raises NotComplete: the metadata or the certificate is missing.
    """
    if not enabling.can_be_tested(identity_provider):
        raise enabling.NotComplete
    test = TestSignIn.objects.create(
        identity_provider=identity_provider,
        started_by_id=actor.user.pk if actor.user else None,
        setup_link=setup_link,
        expires_at=timezone.now() + REPORT_KEPT,
        configuration_digest=audit.configuration_digest(identity_provider),
        report_url=report_url,
        reference=reference or new_reference(),
    )
    audit.record_done(identity_provider, actor, "test_sign_in", label=test.reference, note="begun")
    _keep_few(test)
    return test


def start_url(test: TestSignIn) -> str:
    """Return the URL that sends a browser to the identity provider. It is valid for ``REQUEST_LIFETIME``."""
    token = signing.dumps(test.reference, salt=_SALT)
    return f"{test.identity_provider.url('start-test')}?{urlencode({'token': token})}"


def started(identity_provider: IdentityProvider, token: str) -> TestSignIn:
    """Return the test of a start URL.

    :raises RequestUnknown: the URL is not ours or too old, or the test has finished.
    """
    try:
        reference = signing.loads(token, salt=_SALT, max_age=conf.REQUEST_LIFETIME)
    except signing.BadSignature as error:
        raise RequestUnknown from error
    return _unfinished(identity_provider, reference)


def ask(test: TestSignIn, identity_provider: IdentityProvider) -> tuple[AuthnRequest, PendingLogin]:
    """Return the request for the identity provider, and the entry about it for the pending cookie."""
    return round_trip.ask(identity_provider, next_url=test.report_url, test=test.reference)


# Back from the identity provider


def pending_test(saml_response: str, pending: Sequence[PendingLogin]) -> PendingLogin | None:
    """Return the pending test that a response belongs to; ``None`` if it belongs to a sign-in.

    Nothing in the response is proved yet. At worst a person sees a report instead of being signed in.
    """
    tests = {item.request_id: item for item in pending if item.test}
    if not tests:
        return None
    request_id = in_response_to_of(saml_response) or ""
    if request_id in tests:
        return tests[request_id]
    if any(item.request_id == request_id for item in pending):
        return None
    # It answers no request of this browser. The report shows that, if the browser's latest request was of a test.
    latest = max(pending, key=lambda item: item.started_at)
    return latest if latest.test else None


def complete(
    identity_provider: IdentityProvider, saml_response: str, pending: PendingLogin, *, now: datetime
) -> TestSignIn:
    """Verify the response of a test, and store the report.

    :raises RequestUnknown: the test has finished, or is deleted.
    """
    test = _unfinished(identity_provider, pending.test)
    try:
        report = _report(identity_provider, saml_response, pending, now)
    except Exception:
        _finish(test, Report(passed=False, code="internal_error"))
        raise
    _finish(test, report)
    return test


def report_of(test: TestSignIn) -> Report | None:
    """Return the report of a test; ``None`` while it has not finished, and after the report has expired."""
    if test.expires_at <= timezone.now():
        return None
    kept: Any = unseal(test.report, _REPORT)
    return Report.from_json(kept) if kept else None


def _unfinished(identity_provider: IdentityProvider, reference: str) -> TestSignIn:
    test = TestSignIn.objects.filter(
        reference=reference, identity_provider=identity_provider, finished_at=None
    ).first()
    if test is None:
        raise RequestUnknown
    return test


def _keep_few(test: TestSignIn) -> None:
    same = TestSignIn.objects.filter(
        identity_provider=test.identity_provider,
        started_by=test.started_by,
        setup_link=test.setup_link,
    )
    surplus = list(same.order_by("-pk").values_list("pk", flat=True)[MAX_KEPT : MAX_KEPT + 100])
    same.filter(pk__in=surplus).delete()


def _finish(test: TestSignIn, report: Report) -> None:
    test.finished_at = timezone.now()
    test.passed, test.code = report.passed, report.code
    test.report = seal(report.as_json(), _REPORT) or seal(report.shortened().as_json(), _REPORT)
    test.save(update_fields=["finished_at", "passed", "code", "report"])
    row = test.identity_provider
    # The test does not count if the configuration has changed since it began.
    if test.passed and audit.configuration_digest(row) == test.configuration_digest:
        IdentityProvider.objects.filter(pk=row.pk).update(
            tested_at=test.finished_at, tested_digest=test.configuration_digest
        )
    outcome = "passed" if test.passed else f"failed: {test.code}"
    audit.record_done(row, _actor(test), "test_sign_in", label=test.reference, note=outcome)


def _actor(test: TestSignIn) -> Actor:
    if test.setup_link is not None:
        return Actor.holder(test.setup_link)
    if test.started_by is not None:
        return Actor.person(test.started_by)
    return Actor(via=Via.CODE, name="test sign-in")


# The report


def _report(
    identity_provider: IdentityProvider, saml_response: str, pending: PendingLogin, now: datetime
) -> Report:
    waiting = {pending.request_id: pending}
    examination = examine_response(
        saml_response, round_trip.expectation(identity_provider, waiting, now)
    )
    error = examination.error or _used_up(identity_provider, examination)
    if not _may_be_shown(saml_response, examination):
        return _without_claims(examination, error)
    claims = round_trip.claims_about(
        examination.name_id, examination.attributes, identity_provider.subject_claim
    )
    observe(identity_provider, claims)
    return _with_claims(identity_provider, examination, claims, error)


def _may_be_shown(saml_response: str, examination: Examination) -> bool:
    """Say whether the identity provider's signature was good, even if the response fails another check.

    An encrypted response must pass every check. All tenants share our key: an attacker with another tenant's response
    could put their own signature around it, and read its claims in the report.
    """
    if examination.verified is not None:
        return True
    proved = examination.error is not None and examination.error.origin_verified
    return proved and not is_encrypted(decode(saml_response))


def _used_up(identity_provider: IdentityProvider, examination: Examination) -> JitprovError | None:
    """Consume the assertion as a sign-in does; return the refusal if it was consumed before."""
    if examination.verified is None:
        return None
    try:
        round_trip.consume(identity_provider, examination.verified)
    except JitprovError as error:
        return error
    return None


def _without_claims(examination: Examination, error: JitprovError | None) -> Report:
    return Report(
        passed=False,
        code=error.code if error else "refused",
        expected=error.expected if error else "",
        received=error.received if error else (),
        checks=_checks(examination),
    )


def _with_claims(
    identity_provider: IdentityProvider,
    examination: Examination,
    claims: Claims,
    error: JitprovError | None,
) -> Report:
    name_id = examination.name_id
    report = _without_claims(examination, error)
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
    return Report(**_decided(preview, error), **_written(preview), **common)


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
        "code": error.code if error else (reason.value if reason else ""),
        "decision": verb,
        "username": known.get_username() if known else "",
    }


def _linked_account(preview: Preview) -> CurrentUser | None:
    """Return the account if it is linked to this identity provider. An unlinked account may be another tenant's."""
    current = preview.current
    return current if current is not None and current.linked else None


def _written(preview: Preview) -> dict[str, Any]:
    """Return the changes to the account, also for a person who would be refused."""
    desired = preview.settled
    changes = diff(desired, _linked_account(preview))
    names = _group_names({*changes.groups.join, *changes.groups.leave})
    return {
        "fields": tuple(_field(step, desired, changes, preview) for step in desired.trace),
        "groups_joined": tuple(names[group] for group in sorted(changes.groups.join)),
        "groups_left": tuple(names[group] for group in sorted(changes.groups.leave)),
        "notes": tuple(note.value for note in Note if note in desired.notes),
    }


def _field(
    step: TraceStep, desired: DesiredUser, changes: Changes, preview: Preview
) -> ReportedField:
    wanted = desired.fields.get(step.target)
    current = _linked_account(preview)
    before = current.fields.get(step.target) if current else None
    problem = next((one for one in desired.problems if one.field == step.target), None)
    return ReportedField(
        target=step.target,
        source=step.source,
        received=cut(step.received),
        steps=tuple((name, _shown(value)) for name, value in step.steps),
        outcome=problem.reason.value if problem else step.outcome,
        before=_shown(before),
        after=_shown(wanted.value if wanted else before),
        changes=step.target in changes.fields,
        problem=problem.detail if problem else "",
    )


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
