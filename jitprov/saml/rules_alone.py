"""Run each rule of :mod:`jitprov.saml.response` alone on the signed assertion, for an examination.

Nothing is decided here. Each function calls a rule that a sign-in obeys, and returns what the rule expected and what
came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeAlias

from lxml import etree

from jitprov.saml.assertion import (
    Attributes,
    audiences_of,
    latest_end,
    only,
)
from jitprov.saml.assertion_refusals import AssertionRejected
from jitprov.saml.contexts import require_context
from jitprov.saml.envelope import Opened
from jitprov.saml.response import (
    Expectation,
    bearer_confirmations,
    require_attributes,
    require_audience,
    require_authentication,
    require_confirmation,
    require_confirmation_time,
    require_destination,
    require_issue_instant,
    require_issuer,
    require_name_id,
    require_recipient,
    require_request,
    require_response_issuer,
    require_same_request,
    require_session,
    require_understood,
    require_version,
    require_window,
)
from jitprov.saml.time import format_instant, with_skew
from jitprov.saml.xml import text_of


class NotJudged(Exception):
    """A rule cannot be run because its part of the assertion is absent; a check of its own reports that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A signed response and what is expected of it."""

    opened: Opened
    expect: Expectation

    def part(self, name: str) -> etree._Element:
        """Return the only part of the assertion with this name.

        :raises NotJudged: it is absent or doubled.
        """
        try:
            return only(self.opened.assertion, name)
        except AssertionRejected as error:
            raise NotJudged from error

    @property
    def confirmation(self) -> etree._Element:
        """Return the data of the confirmation that counts.

        :raises NotJudged: there is none.
        """
        try:
            return _confirmation(self.part("Subject"), self.expect)
        except AssertionRejected as error:
            raise NotJudged from error


def _confirmation(subject: etree._Element, expect: Expectation) -> etree._Element:
    """Return the data of the good confirmation, or of the first, whose fault is reported."""
    try:
        return require_confirmation(subject, expect)
    except AssertionRejected:
        return only(bearer_confirmations(subject)[0], "SubjectConfirmationData")


Facts: TypeAlias = tuple[str, Iterable[str]]
"""What a rule expected, and what came."""
Rule: TypeAlias = Callable[[Case], Facts]


def destination(case: Case) -> Facts:
    require_destination(case.opened, case.expect)
    return case.expect.sp.acs_url, _present(case.opened.response, "Destination")


def issuer(case: Case) -> Facts:
    entity_id = case.expect.idp.entity_id
    require_response_issuer(case.opened, case.expect)
    require_issuer(case.opened.assertion, entity_id)
    return entity_id, [text_of(only(case.opened.assertion, "Issuer"))]


def assertion(case: Case) -> Facts:
    assertion = case.opened.assertion
    require_version(assertion)
    _confirmation(only(assertion, "Subject"), case.expect)
    require_understood(only(assertion, "Conditions"))
    only(assertion, "AuthnStatement")
    return "Version 2.0", ["Version 2.0"]


def recipient(case: Case) -> Facts:
    acs_url = case.expect.sp.acs_url
    require_recipient(case.confirmation, acs_url)
    return acs_url, _present(case.confirmation, "Recipient")


def answer(case: Case) -> Facts:
    request = case.confirmation.get("InResponseTo")
    require_request(request, case.expect)
    require_same_request(case.opened, request)
    return "InResponseTo", _present(case.confirmation, "InResponseTo")


def time(case: Case) -> Facts:
    assertion, expect = case.opened.assertion, case.expect
    require_issue_instant(assertion, expect)
    confirmation = case.confirmation
    require_confirmation_time(confirmation, expect)
    conditions = case.part("Conditions")
    require_window(conditions, expect)
    latest_end(case.part("Subject"), confirmation)
    moments = [
        ("IssueInstant", _present(assertion, "IssueInstant")),
        ("NotBefore", _present(conditions, "NotBefore")),
        ("NotOnOrAfter", _present(conditions, "NotOnOrAfter")),
        ("SubjectConfirmationData NotOnOrAfter", _present(confirmation, "NotOnOrAfter")),
    ]
    return expect.clock, [f"{name} {moment}" for name, found in moments for moment in found]


def audience(case: Case) -> Facts:
    conditions, entity_id = case.part("Conditions"), case.expect.sp.entity_id
    require_audience(conditions, entity_id)
    return entity_id, [name for choice in audiences_of(conditions) for name in choice]


def claims(case: Case) -> Facts:
    name_id = require_name_id(case.part("Subject"), case.expect)
    require_attributes(case.opened.assertion, case.expect)
    return "", [name_id.format] if name_id and name_id.format else []


def authentication(case: Case) -> Facts:
    statement, request = case.part("AuthnStatement"), case.confirmation.get("InResponseTo")
    authenticated = require_authentication(statement, request, case.expect)
    contexts = case.expect.required_contexts
    # Whether attributes can be read is said by a check of its own.
    attributes = (
        require_attributes(case.opened.assertion, case.expect)
        if contexts
        else Attributes(values={})
    )
    context = require_context(statement, attributes, contexts)
    since = case.expect.pending.get(request or "")
    recent = [] if since is None else [with_skew(since, case.expect.skew)]
    expected = ", ".join([*recent, *sorted(contexts)])
    return expected, [format_instant(authenticated), *filter(None, [context])]


def session(case: Case) -> Facts:
    end = require_session(case.part("AuthnStatement"), case.expect)
    return case.expect.clock, [] if end is None else [format_instant(end)]


def _present(element: etree._Element, attribute: str) -> list[str]:
    value = element.get(attribute)
    return [] if value is None else [value]
