"""A test sign-in: the whole round trip with the present configuration, which ends in a report and not in a session.

It uses the same assertion consumer service, verifier, mapping and decision as every sign-in, even while the identity
provider is switched off. It makes no user, session or identity, whatever the response says: our own signed cookie marks
a test, and the request of a test can never be answered by a sign-in.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urljoin

from django.core import signing
from django.utils import timezone

from jitprov.conf import conf
from jitprov.configuration import enabling, trust
from jitprov.configuration.trust import Trial
from jitprov.exceptions import JitprovError, OurFailure
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.journal.observed_claims import observe
from jitprov.models import IdentityProvider, SetupLink, TestSignIn, new_reference
from jitprov.saml.assertion_refusals import RequestUnknown
from jitprov.saml.envelope import decode
from jitprov.saml.examination import Examination, examine_response, in_response_to_of
from jitprov.saml.types import AuthnRequest
from jitprov.saml.unproved import is_encrypted
from jitprov.sealed import seal, unseal
from jitprov.sign_in import round_trip
from jitprov.sign_in.claims import claims_about
from jitprov.sign_in.rehearsal_findings import with_claims, without_claims
from jitprov.sign_in.rehearsal_report import (
    Report,
)
from jitprov.sign_in.round_trip import PendingLogin

logger = logging.getLogger("jitprov")


class TestOpenedBefore(JitprovError):
    """The start address of a test sign-in is opened once more. It works once, in the browser that opens it first."""

    __test__ = False  # not one of pytest's
    code = "test_opened_before"


REPORT_KEPT = timedelta(days=7)
MAX_KEPT = 20
"""Tests that are kept for one identity provider and one person or setup link."""
_SALT = "jitprov.test-sign-in"
_REPORT = "report"


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
        configuration_digest=trust.digest(identity_provider),
        report_url=report_url,
        reference=reference or new_reference(),
    )
    _keep_few(test)
    return test


def start_url(test: TestSignIn) -> str:
    """Return the URL that sends a browser to the identity provider, once, within ``REQUEST_LIFETIME``."""
    token = signing.dumps(test.reference, salt=_SALT)
    return f"{test.identity_provider.browser_url('start-test')}?{urlencode({'token': token})}"


def started(identity_provider: IdentityProvider, token: str) -> TestSignIn:
    """Return the test of a start URL, which belongs to this browser from now on.

    :raises RequestUnknown: the URL is not ours or too old, or the test is deleted.
    :raises TestOpenedBefore: a browser has opened the URL before.
    """
    try:
        reference = signing.loads(token, salt=_SALT, max_age=conf.REQUEST_LIFETIME)
    except signing.BadSignature as error:
        raise RequestUnknown from error
    test = identity_provider.test_sign_ins.filter(reference=reference).first()
    if test is None:
        raise RequestUnknown
    unopened = TestSignIn.objects.filter(pk=test.pk, opened_at=None, finished_at=None)
    if not unopened.update(opened_at=timezone.now()):
        raise TestOpenedBefore
    return test


def ask(test: TestSignIn, identity_provider: IdentityProvider) -> tuple[AuthnRequest, PendingLogin]:
    """Return the request for the identity provider, and the entry about it for the pending cookie."""
    report_url = test.report_url
    if identity_provider.origin_of_responses != conf.BASE_URL:
        report_url = urljoin(f"{conf.BASE_URL}/", report_url)
    wanted = trust.trials(identity_provider)[-1].identity_provider
    return round_trip.ask(wanted, next_url=report_url, test=test.reference)


# Back from the identity provider


def pending_test(
    identity_provider: IdentityProvider, saml_response: str, pending: Sequence[PendingLogin]
) -> PendingLogin | None:
    """Return the pending test that a response belongs to; ``None`` if it belongs to a sign-in.

    Nothing in the response is proved yet. Where people can sign in, only a response that names the request of a test is
    taken from a sign-in: a page of somebody else may have led this browser to the start address of a test.
    """
    tests = {item.request_id: item for item in pending if item.test}
    if not tests:
        return None
    request_id = in_response_to_of(saml_response) or ""
    if request_id in tests:
        return tests[request_id]
    if identity_provider.enabled or any(item.request_id == request_id for item in pending):
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
        trial, examination = _examined(identity_provider, saml_response, pending, now)
        report = _report(trial.identity_provider, saml_response, examination)
    except Exception:
        _finish(test, Report(passed=False, code="internal_error"))
        raise
    _finish(test, report, proved=trial.fingerprint)
    return test


def report_of(test: TestSignIn, *, with_values: bool) -> Report | None:
    """Return the report of a test; ``None`` while it has not finished, and after the report has expired.

    :param with_values: whether it is for the browser that went through the test; nobody else is shown values.
    """
    if test.expires_at <= timezone.now():
        return None
    kept: Any = unseal(test.report, _REPORT)
    if not kept:
        return None
    report = Report.from_json(kept)
    return report if with_values else report.without_values()


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


def _finish(test: TestSignIn, report: Report, *, proved: str = "") -> None:
    test.finished_at = timezone.now()
    test.passed, test.code = report.passed, report.code
    test.report = seal(report.as_json(), _REPORT) or seal(report.shortened().as_json(), _REPORT)
    test.save(update_fields=["finished_at", "passed", "code", "report"])
    row = test.identity_provider
    # The test does not count if the configuration has changed since it began.
    if test.passed and trust.digest(row) == test.configuration_digest:
        trust.apply(row, test.configuration_digest, proved)
        IdentityProvider.objects.filter(pk=row.pk).update(
            tested_at=test.finished_at, tested_digest=audit.configuration_digest(row)
        )


# The report


def _examined(
    identity_provider: IdentityProvider, saml_response: str, pending: PendingLogin, now: datetime
) -> tuple[Trial, Examination]:
    """Examine a response with what is proposed, and return what found it good; what counts already if nothing does."""
    waiting = {pending.request_id: pending}
    for trial in trust.trials(identity_provider):
        expectation = round_trip.expectation(trial.identity_provider, waiting, now)
        examination = examine_response(saml_response, expectation)
        if examination.verified is not None:
            break
    return trial, examination


def _report(
    identity_provider: IdentityProvider, saml_response: str, examination: Examination
) -> Report:
    error = examination.error or _used_up(identity_provider, examination)
    if isinstance(error, OurFailure):
        logger.error("a test sign-in failed by our fault: %s %s", error.code, error)
    if not _may_be_shown(saml_response, examination):
        return without_claims(examination, error)
    claims = claims_about(
        examination.name_id,
        examination.attributes,
        identity_provider.subject_claim,
        examination.unreadable,
    )
    observe(identity_provider, claims)
    return with_claims(identity_provider, examination, claims, error)


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
