from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import override_settings
from django.utils import translation

from jitprov.models import (
    GroupMapping,
    IdentityProvider,
    ProposedTrust,
)
from jitprov.provisioning.presets import Preset
from jitprov.status import thresholds, watched
from jitprov.status.watched import Severity
from jitprov.words.remedies import remedy
from tests.support.factories import ExternalIdentityFactory
from tests.support.pages import reference, rows, section
from tests.support.status_rows import (
    NOW,
    blanks_around,
    codes,
    disabled,
    ended_but_trusted,
    ending,
    fine,
    forbidden_field,
    found,
    harmless_group,
    mapped,
    metadata,
    more_claims_than_are_kept,
    nobody_since,
    nothing_seen_lately,
    overage,
    powerful_group,
    refused,
    refused_long_ago,
)

pytestmark = pytest.mark.django_db

CODES = tuple(dict.fromkeys(kind.code for kind in watched.KINDS))


@dataclass(frozen=True)
class Case:
    change: Callable[[IdentityProvider], None]
    codes: tuple[str, ...] = ()


def waiting(row: IdentityProvider) -> None:
    ProposedTrust.objects.create(identity_provider=row, proposed_by="carla", via="admin")


def leaving(days: float, **columns: Any) -> Callable[[IdentityProvider], None]:
    def change(row: IdentityProvider) -> None:
        at = NOW + timedelta(days=days)
        ExternalIdentityFactory.create(identity_provider=row, leaves_at=at, **columns)

    return change


def case(name: str, change: Callable[[IdentityProvider], None], *expected: str) -> Any:
    return pytest.param(Case(change, expected), id=name)


ENDS, ENDED, STAYS = "certificate_ends", "certificates_ended", "another_certificate_stays"
MISSED = "claim_never_arrives"
CASES = [
    case("nothing is wrong", lambda row: None),
    case("no certificate", ending(), "no_certificate"),
    case("the certificate has ended", ending(-1), ENDED),
    case("all have ended", ending(-1, -400), ENDED),
    case("it ends tomorrow", ending(1), ENDS),
    case("it ends in two months", ending(59), ENDS),
    case("it ends in 61 days", ending(61)),
    case("two end soon", ending(5, 20), ENDS),
    case("one ends, another stays", ending(5, 400), STAYS),
    case("one has ended, another stays", ending(-5, 400), STAYS),
    case("it has ended and is trusted all the same", ended_but_trusted),
    case(
        "metadata that could not be fetched",
        metadata("metadata_fetch_failed"),
        "metadata_not_refreshed",
    ),
    case("metadata that could be fetched", metadata("")),
    case("new trust that waits", waiting, "trust_waits"),
    case("an error from when there was a URL", metadata("metadata_fetch_failed", "")),
    case("ten refusals, and none before", refused(10, 0), "refusals_above_usual"),
    case("nine refusals are never too many", refused(9, 0)),
    case("three times as many as usual", refused(12, 56)),
    case("just more than that", refused(13, 56), "refusals_above_usual"),
    case("refusals of long ago do not count", refused_long_ago, "refusals_above_usual"),
    case("anybody's responses", refused(10, 0, verified=False), "unverified_refusals_above_usual"),
    case("nobody for 31 days", nobody_since(31), "unused"),
    case("nobody for 29 days", nobody_since(29)),
    case("enabled only just", nobody_since(31, 13)),
    case("enabled before that was noted", nobody_since(31, None), "unused"),
    case("a claim that never arrives", mapped("department", "dept"), MISSED),
    case("one that differs in case", mapped("department", "dept", "Dept"), MISSED),
    case("one that is a part of another", mapped("department", "dept", "department"), MISSED),
    case("one that came long ago", mapped("department", "dept", "dept", days_ago=31), MISSED),
    case("the second of its claims arrives", mapped("department", "a\ndept", "dept")),
    case("blanks and line breaks of a form", blanks_around),
    case("a mapping without a claim", mapped("department", "")),
    case("nobody came, so no claim did", nothing_seen_lately),
    case("more claims than are kept", more_claims_than_are_kept),
    case("a field that may not be written", forbidden_field, "field_not_mappable"),
    case("a group that may not be given", powerful_group, "group_not_assignable"),
    case("a group that may be given", harmless_group),
    case("too many groups", overage(1), "groups_overage"),
    case("too many groups, long ago", overage(8)),
    case("too many groups, of which none is mapped", overage(1, mapped=False)),
    case("somebody leaves in a week", leaving(6.9), "people_leave"),
    case("somebody leaves later than that", leaving(7.1)),
    case("somebody has left", leaving(-1)),
    case("somebody who is switched off leaves", leaving(1, active=False)),
    case("disabled", disabled),
]


@pytest.mark.parametrize("case", CASES)
def test_each_kind_is_found_where_it_holds_and_nowhere_else(case: Case) -> None:
    row, other = fine(), fine()
    case.change(row)

    assert codes(row) == list(case.codes)
    assert codes(other) == []


def test_every_code_is_met_in_a_test() -> None:
    met = {code for param in CASES for code in param.values[0].codes}
    assert met | {watched.CHANGED_SINCE_TEST.code} == set(CODES)


def test_the_kinds_stand_from_the_worst_to_the_least() -> None:
    order = [list(Severity).index(kind.severity) for kind in watched.KINDS]
    assert order == sorted(order, reverse=True)


@pytest.mark.parametrize(
    ("days", "severity", "within"),
    [
        (0, Severity.CRITICAL, 7),
        (6.9, Severity.CRITICAL, 7),
        (7, Severity.WARNING, 30),
        (29.9, Severity.WARNING, 30),
        (30, Severity.WARNING, 60),
        (59.9, Severity.WARNING, 60),
    ],
)
def test_a_certificate_that_ends_is_said_in_three_steps(
    days: float, severity: Severity, within: int
) -> None:
    row = fine()
    ending(days)(row)

    (item,) = found(row)

    assert (item.code, item.severity) == (ENDS, severity)
    assert item.facts == {"ends": NOW + timedelta(days=days), "within_days": within}


def test_the_text_has_the_facts_and_is_translated_when_it_is_read() -> None:
    row = fine()
    ending(5)(row)
    mapped("department", "dept\ndivision")(row)

    ends, missed = found(row)

    assert "ends on March 15, 2026, within 7 days" in ends.text
    assert missed.text.startswith("Claims of these mappings have not arrived in 30 days")
    assert ": department. " in missed.text
    with translation.override("de"):
        assert "15. März 2026" in ends.text


def test_of_many_names_the_first_are_told_and_each_once() -> None:
    row = fine()
    for name in [*"abcdefghijklm", "a"]:
        group, _ = Group.objects.get_or_create(name=name)
        GroupMapping.objects.create(identity_provider=row, claim="g", value=name, group=group)

    with override_settings(JITPROV_ASSIGNABLE_GROUPS=[], JITPROV_ASSIGNABLE_GROUPS_OF_APPS=None):
        (item,) = found(row)

    assert ": a, b, c, d, e, f, g, h, i, j …. Remove" in item.text
    assert len(item.facts["groups"]) == 13


def test_a_failed_refresh_is_explained_in_words() -> None:
    row = fine()
    metadata("metadata_fetch_timed_out")(row)

    (item,) = found(row)

    assert str(remedy("metadata_fetch_timed_out", Preset.NONE).happened) in item.text
    assert item.facts["metadata_error"] == "metadata_fetch_timed_out"


def test_a_finding_as_json_has_plain_values_only() -> None:
    row = fine(slug="acme-entra")
    ending(5)(row)
    mapped("department", "dept")(row)

    ends, missed = (item.as_json() for item in found(row))

    assert ends["tenant"] == row.tenant.slug
    assert ends["identity_provider"] == "acme-entra"
    assert ends["facts"] == {"ends": "2026-03-15T09:30:00+00:00", "within_days": 7}
    assert missed["facts"]["missed"] == [{"target": "department", "sources": "dept"}]


# Documentation


def test_exactly_the_codes_that_exist_are_documented_in_their_order() -> None:
    codes = section(reference("status"), "Codes")
    documented = [(code, severity) for code, severity, *_ in rows(codes, 4)]
    severities = {
        code: ", ".join(kind.severity for kind in watched.KINDS if kind.code == code)
        for code in CODES
    }
    assert documented == list(severities.items())


@pytest.mark.parametrize(
    "words",
    [
        f"at least {thresholds.REFUSALS_AT_LEAST} sign-ins",
        f"more than {thresholds.REFUSALS_TIMES_THE_USUAL} times",
        f"of the {thresholds.REFUSALS_COMPARED_WITH.days} days before",
        "within {2} or {1} days (warning) or within {0} (critical)".format(
            *thresholds.CERTIFICATE_ENDS_WITHIN
        ),
        f"for more than {thresholds.UNUSED_AFTER.days} days, and nobody has signed in for {thresholds.UNUSED_FOR.days}",
        f"in {thresholds.CLAIM_MISSED_FOR.days} days, although",
        f"In the last {thresholds.OVERAGE_WITHIN.days} days somebody",
    ],
)
def test_the_thresholds_are_documented_as_they_are(words: str) -> None:
    assert words in reference("status")
