from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import timezone as fixed
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation

from jitprov import status, watched
from jitprov.access import EVERYTHING, NOTHING, scope_of
from jitprov.audit import configuration_digest
from jitprov.models import (
    ClaimMapping,
    GroupMapping,
    IdentityProvider,
    ObservedClaim,
    Outcome,
    ProvisioningEvent,
    SigningCertificate,
    TenantAdministrator,
    digest,
)
from jitprov.provisioner import Provisioner
from jitprov.provisioning.presets import Preset
from jitprov.remedies import remedy
from jitprov.status import Attention
from jitprov.testing import rsa_key_pair
from jitprov.watched import Severity
from tests.factories import GroupFactory, IdentityProviderFactory, UserFactory, map_group
from tests.pages import reference, rows

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def fine(**columns: Any) -> IdentityProvider:
    """Return a row that nothing is wrong with: a good certificate, a claim that comes, somebody who came."""
    row = IdentityProviderFactory.create(**columns)
    certificate(row, days=1000)
    mapping(row, "email", "mail")
    observed(row, "mail", days_ago=1)
    events(row, 1, days_ago=2)
    IdentityProvider.objects.filter(pk=row.pk).update(enabled_at=NOW - timedelta(days=100))
    row.refresh_from_db()
    return row


def certificate(row: IdentityProvider, *, days: float, **columns: Any) -> None:
    """Give it one that ends in so many days."""
    number = row.certificates.count()
    pem = rsa_key_pair(f"status-{number}").certificate
    made = SigningCertificate.objects.create(identity_provider=row, pem=pem, **columns)
    ends = NOW + timedelta(days=days)
    SigningCertificate.objects.filter(pk=made.pk).update(not_after=ends)


def mapping(row: IdentityProvider, target: str, sources: str) -> None:
    ClaimMapping.objects.create(identity_provider=row, target=target, sources=sources)


def observed(row: IdentityProvider, name: str, *, days_ago: int) -> None:
    seen = (NOW - timedelta(days=days_ago)).date()
    ObservedClaim.objects.create(
        identity_provider=row,
        name=name,
        name_digest=digest(name),
        first_seen=seen,
        last_seen=seen,
    )


def events(
    row: IdentityProvider,
    number: int,
    *,
    days_ago: float,
    outcome: Outcome = Outcome.UNCHANGED,
    **columns: Any,
) -> None:
    made = ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(
            identity_provider=row, tenant_id=row.tenant_id, outcome=outcome, **columns
        )
        for _ in range(number)
    )
    at = NOW - timedelta(days=days_ago)
    references = [event.reference for event in made]
    ProvisioningEvent.objects.filter(reference__in=references).update(created_at=at)


def refusals(row: IdentityProvider, number: int, *, days_ago: float, **columns: Any) -> None:
    events(row, number, days_ago=days_ago, outcome=Outcome.REFUSED, **columns)


def found(row: IdentityProvider) -> list[Attention]:
    return list(status.attention(IdentityProvider.objects.filter(pk=row.pk), NOW))


def codes(row: IdentityProvider) -> list[str]:
    return [item.code for item in found(row)]


def _ending(*days: float) -> Callable[[IdentityProvider], None]:
    def change(row: IdentityProvider) -> None:
        row.certificates.all().delete()
        for number in days:
            certificate(row, days=number)

    return change


def _ended_but_trusted(row: IdentityProvider) -> None:
    row.certificates.all().delete()
    certificate(row, days=-5, allow_expired=True)


def _metadata(error: str, url: str = "https://idp.example/metadata") -> Callable[..., None]:
    def change(row: IdentityProvider) -> None:
        IdentityProvider.objects.filter(pk=row.pk).update(metadata_url=url, metadata_error=error)

    return change


def _refused(lately: int, before: int, **columns: Any) -> Callable[[IdentityProvider], None]:
    def change(row: IdentityProvider) -> None:
        refusals(row, lately, days_ago=0.5, **columns)
        refusals(row, before, days_ago=5, **columns)

    return change


def _refused_long_ago(row: IdentityProvider) -> None:
    refusals(row, 20, days_ago=0.5)
    refusals(row, 1000, days_ago=16)


def _nobody_since(days: float, enabled_since: float | None = 100) -> Callable[..., None]:
    def change(row: IdentityProvider) -> None:
        ProvisioningEvent.objects.filter(identity_provider=row).delete()
        events(row, 1, days_ago=days)
        refusals(row, 3, days_ago=1)
        at = None if enabled_since is None else NOW - timedelta(days=enabled_since)
        IdentityProvider.objects.filter(pk=row.pk).update(
            enabled_at=at, created_at=NOW - timedelta(days=200)
        )

    return change


def _mapped(target: str, sources: str, *seen: str, days_ago: int = 1) -> Callable[..., None]:
    def change(row: IdentityProvider) -> None:
        mapping(row, target, sources)
        for name in seen:
            observed(row, name, days_ago=days_ago)

    return change


def _nothing_seen_lately(row: IdentityProvider) -> None:
    row.observed_claims.all().delete()
    observed(row, "other", days_ago=40)


def _more_claims_than_are_kept(row: IdentityProvider) -> None:
    mapping(row, "department", "dept")
    today = NOW.date()
    ObservedClaim.objects.bulk_create(
        ObservedClaim(
            identity_provider=row,
            name=f"claim-{number}",
            name_digest=digest(str(number)),
            first_seen=today,
            last_seen=today,
        )
        for number in range(200)
    )


def _blanks_around(row: IdentityProvider) -> None:
    mapping(row, "department", "nothing\r\n  the dept \r\nmore")
    observed(row, "the dept", days_ago=1)


def _forbidden_field(row: IdentityProvider) -> None:
    mapping(row, "mentor", "mail")


def _powerful_group(row: IdentityProvider) -> None:
    group = map_group(row, "4711")
    group.permissions.add(Permission.objects.filter(content_type__app_label="auth")[0])


def _harmless_group(row: IdentityProvider) -> None:
    map_group(row, "4711")


def _overage(days_ago: float, *, mapped: bool = True) -> Callable[[IdentityProvider], None]:
    def change(row: IdentityProvider) -> None:
        if mapped:
            map_group(row, "4711")
        events(row, 1, days_ago=days_ago, notes=["groups_overage"])

    return change


def _disabled(row: IdentityProvider) -> None:
    row.certificates.all().delete()
    IdentityProvider.objects.filter(pk=row.pk).update(enabled=False)


@dataclass(frozen=True)
class Case:
    change: Callable[[IdentityProvider], None]
    codes: tuple[str, ...] = ()


def case(name: str, change: Callable[[IdentityProvider], None], *expected: str) -> Any:
    return pytest.param(Case(change, expected), id=name)


ENDS, ENDED, STAYS = "certificate_ends", "certificates_ended", "another_certificate_stays"
MISSED = "claim_never_arrives"
CASES = [
    case("nothing is wrong", lambda row: None),
    case("no certificate", _ending(), "no_certificate"),
    case("the certificate has ended", _ending(-1), ENDED),
    case("all have ended", _ending(-1, -400), ENDED),
    case("it ends tomorrow", _ending(1), ENDS),
    case("it ends in two months", _ending(59), ENDS),
    case("it ends in 61 days", _ending(61)),
    case("two end soon", _ending(5, 20), ENDS),
    case("one ends, another stays", _ending(5, 400), STAYS),
    case("one has ended, another stays", _ending(-5, 400), STAYS),
    case("it has ended and is trusted all the same", _ended_but_trusted),
    case(
        "metadata that could not be fetched",
        _metadata("metadata_fetch_failed"),
        "metadata_not_refreshed",
    ),
    case("metadata that could be fetched", _metadata("")),
    case("an error from when there was a URL", _metadata("metadata_fetch_failed", "")),
    case("ten refusals, and none before", _refused(10, 0), "refusals_above_usual"),
    case("nine refusals are never too many", _refused(9, 0)),
    case("three times as many as usual", _refused(12, 56)),
    case("just more than that", _refused(13, 56), "refusals_above_usual"),
    case("refusals of long ago do not count", _refused_long_ago, "refusals_above_usual"),
    case("anybody's responses", _refused(10, 0, verified=False), "unverified_refusals_above_usual"),
    case("nobody for 31 days", _nobody_since(31), "unused"),
    case("nobody for 29 days", _nobody_since(29)),
    case("enabled only just", _nobody_since(31, 13)),
    case("enabled before that was noted", _nobody_since(31, None), "unused"),
    case("a claim that never arrives", _mapped("department", "dept"), MISSED),
    case("one that differs in case", _mapped("department", "dept", "Dept"), MISSED),
    case("one that is a part of another", _mapped("department", "dept", "department"), MISSED),
    case("one that came long ago", _mapped("department", "dept", "dept", days_ago=31), MISSED),
    case("the second of its claims arrives", _mapped("department", "a\ndept", "dept")),
    case("blanks and line breaks of a form", _blanks_around),
    case("a mapping without a claim", _mapped("department", "")),
    case("nobody came, so no claim did", _nothing_seen_lately),
    case("more claims than are kept", _more_claims_than_are_kept),
    case("a field that may not be written", _forbidden_field, "field_not_mappable"),
    case("a group that may not be given", _powerful_group, "group_not_assignable"),
    case("a group that may be given", _harmless_group),
    case("too many groups", _overage(1), "groups_overage"),
    case("too many groups, long ago", _overage(8)),
    case("too many groups, of which none is mapped", _overage(1, mapped=False)),
    case("disabled", _disabled),
]


@pytest.mark.parametrize("case", CASES)
def test_what_needs_attention(case: Case) -> None:
    row, other = fine(), fine()
    case.change(row)

    assert codes(row) == list(case.codes)
    assert codes(other) == []


def test_every_code_is_met_in_a_test() -> None:
    met = {code for param in CASES for code in param.values[0].codes}
    assert met | {watched.CHANGED_SINCE_TEST.code} == set(status.CODES)


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
    _ending(days)(row)

    (item,) = found(row)

    assert (item.code, item.severity) == (ENDS, severity)
    assert item.facts == {"ends": NOW + timedelta(days=days), "within_days": within}


def test_the_text_has_the_facts_and_is_translated_when_it_is_read() -> None:
    row = fine()
    _ending(5)(row)
    _mapped("department", "dept\ndivision")(row)

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

    with override_settings(JITPROV_ASSIGNABLE_GROUPS=[]):
        (item,) = found(row)

    assert ": a, b, c, d, e, f, g, h, i, j …. Remove" in item.text
    assert len(item.facts["groups"]) == 14


def test_why_the_metadata_could_not_be_refreshed_is_said_in_words() -> None:
    row = fine()
    _metadata("metadata_fetch_timed_out")(row)

    (item,) = found(row)

    assert str(remedy("metadata_fetch_timed_out", Preset.NONE).happened) in item.text
    assert item.facts["metadata_error"] == "metadata_fetch_timed_out"


def test_as_json_everything_is_plain() -> None:
    row = fine(slug="acme-entra")
    _ending(5)(row)
    _mapped("department", "dept")(row)

    ends, missed = (item.as_json() for item in found(row))

    assert ends["tenant"] == row.tenant.slug
    assert ends["identity_provider"] == "acme-entra"
    assert ends["facts"] == {"ends": "2026-03-15T09:30:00+00:00", "within_days": 7}
    assert missed["facts"]["missed"] == [{"target": "department", "sources": "dept"}]


# Closer


def test_a_configuration_that_was_changed_after_its_test() -> None:
    row = fine()
    row.tested_digest, row.tested_at = configuration_digest(row), NOW
    row.save()
    assert status.attention_for(row, NOW) == []

    mapping(row, "first_name", "mail")

    assert [item.code for item in status.attention_for(row, NOW)] == ["changed_since_test"]


def test_who_never_was_tested_is_not_called_changed() -> None:
    assert status.attention_for(fine(), NOW) == []


def test_of_one_that_is_not_enabled_nothing_is_said() -> None:
    row = fine()
    _disabled(row)
    row.refresh_from_db()

    assert status.attention_for(row, NOW) == []


class OneGroup(Provisioner):
    """A host that decides for each tenant."""

    def assignable_groups(self) -> Any:
        return super().assignable_groups().filter(name=self.identity_provider.slug)


def test_where_the_host_decides_for_each_tenant_each_is_asked() -> None:
    row = fine(slug="acme")
    allowed, other = GroupFactory.create(name="acme"), GroupFactory.create(name="other")
    for group in (allowed, other):
        GroupMapping.objects.create(identity_provider=row, claim="g", value="1", group=group)

    with override_settings(JITPROV_PROVISIONER=f"{__name__}.OneGroup"):
        assert codes(row) == []
        (item,) = status.attention_for(row, NOW)

    assert (item.code, item.facts["groups"]) == ("group_not_assignable", ["other"])


def test_the_worst_comes_first_at_one_identity_provider_too() -> None:
    row = fine()
    row.tested_digest = "something else"
    row.save()
    _forbidden_field(row)

    assert [item.code for item in status.attention_for(row, NOW)] == [
        "field_not_mappable",
        "changed_since_test",
    ]


# Scope


def test_a_tenants_administrator_learns_of_their_tenant_only() -> None:
    ours, theirs = fine(), fine()
    for row in (ours, theirs):
        _ending(-1)(row)
        refusals(row, 2, days_ago=0)
    user = UserFactory.create(is_staff=True)
    TenantAdministrator.objects.create(user=user, tenant=ours.tenant)

    mine = list(status.attention(scope_of(user), NOW))
    days = status.summary(scope_of(user), NOW)

    assert [item.identity_provider for item in mine] == [ours]
    assert status.overview(scope_of(user), NOW).total == 1
    assert sum(day.refusals for day in days) == 2
    assert len(list(status.attention(EVERYTHING, NOW))) == 2


def test_who_administers_nothing_learns_nothing() -> None:
    row = fine()
    _ending(-1)(row)

    assert list(status.attention(NOTHING, NOW)) == []
    assert status.overview(NOTHING, NOW).total == 0
    assert {day.sign_ins for day in status.summary(NOTHING, NOW)} == {0}


# Overview


def test_the_overview_is_bounded_counts_all_and_begins_with_the_worst() -> None:
    warned, worst = fine(), fine()
    _mapped("department", "dept")(warned)
    _ending(-1)(worst)
    _mapped("department", "dept")(worst)

    everything, one = (status.overview(EVERYTHING, NOW, limit) for limit in (50, 1))

    assert [item.tenant for item in everything.tenants] == [worst.tenant, warned.tenant]
    assert [item.code for item in everything.tenants[0].items] == [ENDED, MISSED]
    assert (everything.shown, everything.total) == (3, 3)
    assert [item.tenant for item in one.tenants] == [worst.tenant]
    assert (one.shown, one.total) == (1, 3)


def many(number: int) -> None:
    """Add identity providers of every kind of trouble, quickly."""
    tenant = IdentityProviderFactory.create().tenant
    made = IdentityProvider.objects.bulk_create(
        IdentityProvider(
            slug=f"many-{tenant.pk}-{each}",
            tenant=tenant,
            entity_id="https://idp.example",
            sso_url="https://idp.example/sso",
            metadata_url="https://idp.example/metadata",
            metadata_error="metadata_fetch_failed",
            enabled_at=NOW - timedelta(days=50),
        )
        for each in range(number)
    )
    ClaimMapping.objects.bulk_create(
        ClaimMapping(identity_provider=row, target="department", sources="dept") for row in made
    )
    ObservedClaim.objects.bulk_create(
        ObservedClaim(
            identity_provider=row,
            name="mail",
            name_digest=digest("mail"),
            first_seen=NOW.date(),
            last_seen=NOW.date(),
        )
        for row in made
    )


def statements(ask: Callable[[], Any]) -> int:
    with CaptureQueriesContext(
        connection,
    ) as captured:
        ask()
    return len(captured)


@pytest.mark.parametrize(
    ("ask", "most"),
    [
        pytest.param(lambda: status.overview(EVERYTHING, NOW), 15, id="overview"),
        pytest.param(lambda: list(status.attention(EVERYTHING, NOW)), 15, id="attention"),
        pytest.param(lambda: status.summary(EVERYTHING, NOW), 1, id="summary"),
    ],
)
def test_it_costs_the_same_statements_for_two_thousand(ask: Callable[[], Any], most: int) -> None:
    many(10)
    few = statements(ask)
    many(2000)

    assert statements(ask) == few <= most


# Days


def test_the_days_are_those_of_utc_and_none_is_left_out() -> None:
    row = fine()
    ProvisioningEvent.objects.all().delete()
    for outcome, number in ((Outcome.CREATED, 1), (Outcome.UPDATED, 2), (Outcome.RESTARTED, 9)):
        events(row, number, days_ago=0, outcome=outcome)
    refusals(row, 4, days_ago=29)
    refusals(row, 5, days_ago=30)
    midnight = NOW.replace(hour=0, minute=0)
    for number, at in enumerate((midnight, midnight - timedelta(microseconds=1))):
        events(row, 1, days_ago=0, reason=str(number))
        ProvisioningEvent.objects.filter(reason=str(number)).update(created_at=at)

    with timezone.override(fixed(timedelta(hours=14))):
        days = status.summary(EVERYTHING, NOW)

    assert [day.date for day in days] == [date(2026, 2, 9) + timedelta(each) for each in range(30)]
    today, yesterday = days[-1], days[-2]
    assert (today.sign_ins, today.first_sign_ins, today.refusals) == (4, 1, 0)
    assert (yesterday.sign_ins, days[0].refusals) == (1, 4)


def test_errors_of_ours_count_among_those_who_did_not_come_in() -> None:
    events(fine(), 2, days_ago=0, outcome=Outcome.ERROR)

    assert status.summary(EVERYTHING, NOW)[-1].refusals == 2


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-5, 1), (7, 7), (10**9, status.MAX_DAYS)])
def test_the_number_of_days_is_bounded(asked: int, given: int) -> None:
    assert len(status.summary(EVERYTHING, NOW, days=asked)) == given


def test_days_of_one_identity_provider() -> None:
    row, other = fine(), fine()
    refusals(other, 3, days_ago=0)

    assert status.summary(row.events.all(), NOW)[-1].refusals == 0
    assert status.summary(other.events.all(), NOW)[-1].refusals == 3


# Documentation


def test_exactly_the_codes_that_exist_are_documented_in_their_order() -> None:
    documented = [(code, severity) for code, severity, *_ in rows(reference("status"), 4)]
    severities = {
        code: ", ".join(kind.severity for kind in watched.KINDS if kind.code == code)
        for code in status.CODES
    }
    assert documented == list(severities.items())


@pytest.mark.parametrize(
    "words",
    [
        f"at least {watched.REFUSALS_AT_LEAST} sign-ins",
        f"more than {watched.REFUSALS_TIMES_THE_USUAL} times",
        f"of the {watched.REFUSALS_COMPARED_WITH.days} days before",
        "within {2} or {1} days (warning) or within {0} (critical)".format(
            *watched.CERTIFICATE_ENDS_WITHIN
        ),
        f"for more than {watched.UNUSED_AFTER.days} days, and nobody has signed in for {watched.UNUSED_FOR.days}",
        f"in {watched.CLAIM_MISSED_FOR.days} days, although",
        f"In the last {watched.OVERAGE_WITHIN.days} days somebody",
    ],
)
def test_the_thresholds_are_documented_as_they_are(words: str) -> None:
    assert words in reference("status")
