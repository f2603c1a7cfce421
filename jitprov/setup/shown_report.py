"""The report of a test sign-in, with words in the reader's language."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.text import capfirst
from django.utils.translation import gettext as _

from jitprov.explain.evidence import by_evidence
from jitprov.host.user_fields import could_be_mapped
from jitprov.models import TestSignIn
from jitprov.provisioning.presets import Preset
from jitprov.setup.check_words import DECISIONS, OUTCOMES, check_in_words
from jitprov.setup.places import place_on
from jitprov.sign_in.rehearsal_report import Report, ReportedCheck, ReportedField
from jitprov.words.guides import label_of
from jitprov.words.remedies import Remedy, remedy
from jitprov.words.transforms import label_of_step


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCheck:
    """One check with its words."""

    words: str
    check: ReportedCheck


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownClaim:
    """One claim with a readable name."""

    name: str
    label: str
    values: tuple[str, ...] = ()
    more: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownField:
    """One user field with its label, and the steps that made its value."""

    label: str
    outcome: str
    source: ShownClaim
    """The claim that was taken."""
    steps: tuple[tuple[str, str], ...]
    field: ReportedField


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownReport:
    """The report with words for its checks, claims, fields and problems."""

    report: Report
    checks: tuple[ShownCheck, ...]
    claims: tuple[ShownClaim, ...]
    fields: tuple[ShownField, ...]
    decision: str
    problems: tuple[tuple[str, Remedy, str], ...]
    """Each code with its remedy, and the URL of what can be changed about it on the page, if anything."""


def shown_report(test: TestSignIn, report: Report, *, page: str) -> ShownReport:
    """Return a report with words for a tenant's admin.

    :param page: the URL of the set-up page.
    """
    preset = Preset(test.identity_provider.preset)
    labels = {name: str(field.verbose_name) for name, field in could_be_mapped().items()}
    return ShownReport(
        report=report,
        checks=tuple(
            ShownCheck(words=check_in_words(one.check), check=one) for one in report.checks
        ),
        claims=tuple(
            ShownClaim(name=one.name, label=label_of(one.name), values=one.values, more=one.more)
            for one in report.claims
        ),
        fields=tuple(_field(one, labels.get(one.target, one.target)) for one in report.fields),
        decision=_decision(report),
        problems=tuple(
            (code, _remedy(code, preset, report), place_on(page, code)) for code in report.codes
        ),
    )


def _remedy(code: str, preset: Preset, report: Report) -> Remedy:
    check = next((one for one in report.checks if one.code == code), None)
    general = remedy(code, preset)
    return by_evidence(general, code, check.expected, check.received) if check else general


def _decision(report: Report) -> str:
    """Return the decision in words. If a check failed, it is the decision after that is mended."""
    words = str(DECISIONS.get(report.decision, report.decision))
    if report.passed or report.decision not in ("create", "update"):
        return words
    return _("The person would be refused. If this were fixed: %(decision)s") % {"decision": words}


def _field(field: ReportedField, label: str) -> ShownField:
    return ShownField(
        label=str(capfirst(label)),
        outcome=str(OUTCOMES.get(field.outcome, "")),
        source=ShownClaim(name=field.source, label=label_of(field.source)),
        steps=tuple((label_of_step(name), value) for name, value in field.steps),
        field=field,
    )
