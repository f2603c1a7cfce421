"""Examine a response for an admin: give the verdict of a sign-in, and the result of each check by itself.

The verdict is that of :func:`jitprov.saml.response.verify_response`, which ends at the first fault. Here each of its
rules is also run alone, so that a wrong audience and a wrong recipient are both shown at once. Without a good
signature, nothing of the assertion is read.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from jitprov.exceptions import JitprovError, bounded
from jitprov.saml import rules_alone as alone
from jitprov.saml.assertion import Attributes, only
from jitprov.saml.assertion_refusals import AssertionRejected, NotBySchema, VerifiersDisagree
from jitprov.saml.envelope import SUCCESS, decode
from jitprov.saml.response import (
    Expectation,
    open_expected,
    require_attributes,
    require_name_id,
    verify_response,
)
from jitprov.saml.rules_alone import Case, NotJudged, Rule
from jitprov.saml.signature import CertificateExpired, SignatureRefused, fingerprints, validity
from jitprov.saml.time import format_instant
from jitprov.saml.toolkit import VerifierFailed
from jitprov.saml.types import NameID, VerifiedAssertion
from jitprov.saml.xml import MESSAGE_LIMITS, SAML, parse

MAX_REQUEST_ID_LENGTH = 256


class Check(StrEnum):
    """The checks, in an admin's terms and in the order in which they are done."""

    MESSAGE = "message"
    """A readable response that says success and brings one assertion in its place."""
    SIGNATURE = "signature"
    """The signature was made with the key of a certificate of the identity provider and with allowed algorithms."""
    CERTIFICATE = "certificate"
    """The certificate is valid at this time."""
    DESTINATION = "destination"
    """The response was to be delivered to our URL."""
    ISSUER = "issuer"
    """The identity provider is the one that we know."""
    ASSERTION = "assertion"
    """The assertion has every part that is needed, once, and no condition that we do not understand."""
    RECIPIENT = "recipient"
    """The assertion was to be delivered to our URL."""
    ANSWER = "answer"
    """The assertion answers a request of this browser, or unsolicited responses are allowed."""
    TIME = "time"
    """The assertion has begun and has not ended; both clocks agree."""
    AUDIENCE = "audience"
    """The assertion is meant for us."""
    CLAIMS = "claims"
    """The NameID and the attributes can be read."""
    AUTHENTICATION = "authentication"
    """The person authenticated in the past, and recently if that was asked for."""
    SESSION = "session"
    """The session at the identity provider has not ended."""
    SECOND_VERIFIER = "second_verifier"
    """The second verifier accepts the response and reads the same values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check. The values expected and received are facts of configuration, never claims."""

    check: Check
    passed: bool | None
    """``None``: it could not be judged, because another check failed."""
    code: str = ""
    """The code of the refusal, if it failed."""
    expected: str = ""
    received: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """The verdict on a response, and the result of each check."""

    results: tuple[CheckResult, ...]
    """One result for each :class:`Check`, in order."""
    verified: VerifiedAssertion | None
    """The assertion that a sign-in would get: present if and only if every check has passed."""
    error: JitprovError | None
    """The error that a sign-in would raise."""
    name_id: NameID | None = None
    """The NameID and the attributes are present if the signature is good, even if another check has failed."""
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    unreadable: frozenset[str] = frozenset()
    """The attributes with a value that is no text."""


def examine_response(saml_response: str, expect: Expectation) -> Examination:
    """Return the verdict of a sign-in on a response, and the result of each check; no refusal is raised.

    :param saml_response: the base64 that was posted.
    """
    try:
        verified = verify_response(saml_response, expect)
    except JitprovError as error:
        if not error.origin_verified:
            return Examination(results=_unproved(error, expect), verified=None, error=error)
        return _examined(saml_response, expect, None, error)
    return _examined(saml_response, expect, verified, None)


def in_response_to_of(saml_response: str) -> str | None:
    """Return the ID of the request that a response claims to answer. NOTHING of it is proved.

    It serves one purpose: to tell the answer to a test sign-in from that to a sign-in before either is verified. An
    encrypted assertion is not read. The bounds of a message hold; nothing is raised.
    """
    try:
        root = parse(decode(saml_response), MESSAGE_LIMITS)
    except JitprovError:
        return None
    # The confirmation first: it counts when the response is verified.
    for element in (*root.iter(f"{{{SAML}}}SubjectConfirmationData"), root):
        claimed = element.get("InResponseTo", "")
        if claimed:
            return claimed if len(claimed) <= MAX_REQUEST_ID_LENGTH else None
    return None


def _unproved(error: JitprovError, expect: Expectation) -> tuple[CheckResult, ...]:
    """Return the results where the signature is not good: every later check is not judged."""
    failed = _failed_check(error)
    results = {check: CheckResult(check=check, passed=None) for check in Check}
    results[failed] = _failed(failed, error)
    if failed is not Check.MESSAGE:
        results[Check.MESSAGE] = _passed(Check.MESSAGE, SUCCESS, [SUCCESS])
    if isinstance(error, CertificateExpired):
        trusted = fingerprints(expect.idp.signing_certificates)
        signer = error.certificate.fingerprint
        results[Check.SIGNATURE] = _passed(Check.SIGNATURE, trusted, [signer])
    return tuple(results.values())


def _failed_check(error: JitprovError) -> Check:
    if isinstance(error, CertificateExpired):
        return Check.CERTIFICATE
    return Check.SIGNATURE if isinstance(error, SignatureRefused) else Check.MESSAGE


def _examined(
    saml_response: str,
    expect: Expectation,
    verified: VerifiedAssertion | None,
    error: JitprovError | None,
) -> Examination:
    case = Case(opened=open_expected(saml_response, expect), expect=expect)
    results = [
        # The whole schema is asked only after every rule has passed, and by the second verifier.
        _failed(check, error)
        if check is Check.ASSERTION and isinstance(error, NotBySchema)
        else _result(check, rule, case)
        for check, rule in _RULES.items()
    ]
    attributes = _attributes(case)
    return Examination(
        results=(*_origin(case), *results, _second(verified, error)),
        verified=verified,
        error=error,
        name_id=_name_id(case),
        attributes=attributes.values,
        unreadable=attributes.unreadable,
    )


def _origin(case: Case) -> Iterator[CheckResult]:
    """Yield the results of the checks of the signature itself: they have passed, or there would be no case."""
    trusted, signers = case.expect.idp.signing_certificates, case.opened.signers
    yield _passed(Check.MESSAGE, SUCCESS, [SUCCESS])
    yield _passed(Check.SIGNATURE, fingerprints(trusted), [item.fingerprint for item in signers])
    facts = [fact for item in signers for fact in (item.fingerprint, validity(item))]
    yield _passed(Check.CERTIFICATE, format_instant(case.expect.now), facts)


def _second(verified: VerifiedAssertion | None, error: JitprovError | None) -> CheckResult:
    if isinstance(error, (VerifiersDisagree, VerifierFailed)):
        return _failed(Check.SECOND_VERIFIER, error)
    return CheckResult(check=Check.SECOND_VERIFIER, passed=True if verified else None)


def _result(check: Check, rule: Rule, case: Case) -> CheckResult:
    try:
        expected, received = rule(case)
    except NotJudged:
        return CheckResult(check=check, passed=None)
    except JitprovError as error:
        return _failed(check, error)
    return _passed(check, expected, received)


def _failed(check: Check, error: JitprovError) -> CheckResult:
    return CheckResult(
        check=check,
        passed=False,
        code=error.code,
        expected=error.expected,
        received=error.received,
    )


def _passed(check: Check, expected: str, received: Iterable[str]) -> CheckResult:
    return CheckResult(check=check, passed=True, expected=expected, received=bounded(received))


def _name_id(case: Case) -> NameID | None:
    try:
        return require_name_id(only(case.opened.assertion, "Subject"), case.expect)
    except AssertionRejected:
        return None


def _attributes(case: Case) -> Attributes:
    try:
        return require_attributes(case.opened.assertion, case.expect)
    except AssertionRejected:
        return Attributes(values=MappingProxyType({}))


_RULES: Mapping[Check, Rule] = {
    Check.DESTINATION: alone.destination,
    Check.ISSUER: alone.issuer,
    Check.ASSERTION: alone.assertion,
    Check.RECIPIENT: alone.recipient,
    Check.ANSWER: alone.answer,
    Check.TIME: alone.time,
    Check.AUDIENCE: alone.audience,
    Check.CLAIMS: alone.claims,
    Check.AUTHENTICATION: alone.authentication,
    Check.SESSION: alone.session,
}
