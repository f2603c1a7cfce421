from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from datetime import timezone as fixed
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test import override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jitprov.journal.audit import configuration_digest
from jitprov.models import (
    ClaimMapping,
    GroupMapping,
    IdentityProvider,
    ObservedClaim,
    Outcome,
    ProvisioningEvent,
    TenantAdministrator,
    digest,
)
from jitprov.provisioner import Provisioner
from jitprov.provisioning.presets import NAME_ID_CLAIM
from jitprov.scope import EVERYTHING, NOTHING, scope_of
from jitprov.status import attention, thresholds
from jitprov.testing import rsa_key_pair
from tests.support.factories import GroupFactory, IdentityProviderFactory, UserFactory
from tests.support.status_rows import (
    NOW,
    codes,
    disabled,
    ending,
    events,
    fine,
    forbidden_field,
    mapped,
    mapping,
    refusals,
)

pytestmark = pytest.mark.django_db

ENDED, MISSED = "certificates_ended", "claim_never_arrives"

# As it comes about


def test_real_sign_ins_give_the_expected_overview(
    idp: IdentityProvider, sign_in: Callable[..., Any]
) -> None:
    mapping(idp, "department", "dept")
    mapping(idp, "job_title", NAME_ID_CLAIM)

    assert sign_in().status_code == HTTPStatus.FOUND

    rows = IdentityProvider.objects.filter(pk=idp.pk)
    (item,) = attention.attention(rows)
    assert (item.code, item.facts["fields"]) == (MISSED, ["department"])
    assert attention.summary(EVERYTHING)[-1].first_sign_ins == 1


def test_a_certificate_that_was_replaced_without_a_word_is_noticed(
    idp: IdentityProvider, sign_in: Callable[..., Any]
) -> None:
    other = rsa_key_pair("replaced")
    for _ in range(thresholds.REFUSALS_AT_LEAST):
        assert sign_in(signing_key_pair=other).status_code == HTTPStatus.FORBIDDEN

    (item,) = attention.attention(IdentityProvider.objects.filter(pk=idp.pk))

    assert item.code == "unverified_refusals_above_usual"
    assert "import its metadata again" in item.text
    assert attention.summary(EVERYTHING)[-1].refusals == thresholds.REFUSALS_AT_LEAST


# Closer


def test_a_configuration_that_was_changed_after_its_test() -> None:
    row = fine()
    row.tested_digest, row.tested_at = configuration_digest(row), NOW
    row.save()
    assert attention.attention_for(row, NOW) == []

    mapping(row, "first_name", "mail")

    assert [item.code for item in attention.attention_for(row, NOW)] == ["changed_since_test"]


def test_an_untested_identity_provider_is_not_reported_as_changed() -> None:
    assert attention.attention_for(fine(), NOW) == []


def test_of_one_that_is_not_enabled_nothing_is_said() -> None:
    row = fine()
    disabled(row)
    row.refresh_from_db()

    assert attention.attention_for(row, NOW) == []


class OneGroup(Provisioner):
    """A host that decides for each tenant."""

    def assignable_groups(self) -> Any:
        return super().assignable_groups().filter(name=self.identity_provider.slug)


def test_assignable_groups_are_asked_for_each_tenant_of_a_host_that_decides_so() -> None:
    row = fine(slug="acme")
    allowed, other = GroupFactory.create(name="acme"), GroupFactory.create(name="other")
    for group in (allowed, other):
        GroupMapping.objects.create(identity_provider=row, claim="g", value="1", group=group)

    with override_settings(JITPROV_PROVISIONER=f"{__name__}.OneGroup"):
        assert codes(row) == []
        (item,) = attention.attention_for(row, NOW)

    assert (item.code, item.facts["groups"]) == ("group_not_assignable", ["other"])


def test_the_worst_comes_first_at_one_identity_provider_too() -> None:
    row = fine()
    row.tested_digest = "something else"
    row.save()
    forbidden_field(row)

    assert [item.code for item in attention.attention_for(row, NOW)] == [
        "field_not_mappable",
        "changed_since_test",
    ]


# Scope


def test_a_tenants_administrator_learns_of_their_tenant_only() -> None:
    ours, theirs = fine(), fine()
    for row in (ours, theirs):
        ending(-1)(row)
        refusals(row, 2, days_ago=0)
    user = UserFactory.create(is_staff=True)
    TenantAdministrator.objects.create(user=user, tenant=ours.tenant)

    mine = list(attention.attention(scope_of(user), NOW))
    days = attention.summary(scope_of(user), NOW)

    assert [item.identity_provider for item in mine] == [ours]
    assert attention.overview(scope_of(user), NOW).total == 1
    assert sum(day.refusals for day in days) == 2
    assert len(list(attention.attention(EVERYTHING, NOW))) == 2


def test_a_user_without_a_tenant_gets_an_empty_overview() -> None:
    row = fine()
    ending(-1)(row)

    assert list(attention.attention(NOTHING, NOW)) == []
    assert attention.overview(NOTHING, NOW).total == 0
    assert {day.sign_ins for day in attention.summary(NOTHING, NOW)} == {0}


# Overview


def test_the_overview_is_bounded_counts_all_and_begins_with_the_worst() -> None:
    warned, worst = fine(), fine()
    mapped("department", "dept")(warned)
    ending(-1)(worst)
    mapped("department", "dept")(worst)

    everything, one = (attention.overview(EVERYTHING, NOW, limit) for limit in (50, 1))

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
    assert connection.features.supports_json_field  # a statement, the first time in a process
    with CaptureQueriesContext(connection) as captured:
        ask()
    return len(captured)


@pytest.mark.parametrize(
    ("ask", "most"),
    [
        pytest.param(lambda: attention.overview(EVERYTHING, NOW), 15, id="overview"),
        pytest.param(lambda: list(attention.attention(EVERYTHING, NOW)), 15, id="attention"),
        pytest.param(lambda: attention.summary(EVERYTHING, NOW), 1, id="summary"),
    ],
)
def test_the_number_of_statements_does_not_grow_with_identity_providers(
    ask: Callable[[], Any], most: int
) -> None:
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
        days = attention.summary(EVERYTHING, NOW)

    assert [day.date for day in days] == [date(2026, 2, 9) + timedelta(each) for each in range(30)]
    today, yesterday = days[-1], days[-2]
    assert (today.sign_ins, today.first_sign_ins, today.refusals) == (4, 1, 0)
    assert (yesterday.sign_ins, days[0].refusals) == (1, 4)


def test_errors_of_ours_count_among_those_who_did_not_come_in() -> None:
    events(fine(), 2, days_ago=0, outcome=Outcome.ERROR)

    assert attention.summary(EVERYTHING, NOW)[-1].refusals == 2


def test_a_host_without_time_zones_has_the_days_of_its_clock() -> None:
    with override_settings(USE_TZ=False):
        now = NOW.replace(tzinfo=None)
        row = IdentityProviderFactory.create()
        ProvisioningEvent.objects.create(identity_provider=row, outcome=Outcome.CREATED)
        ProvisioningEvent.objects.update(created_at=now)
        days = attention.summary(EVERYTHING, now, 2)
        texts = [item.text for item in attention.attention(EVERYTHING, now)]

    assert [(day.date, day.sign_ins) for day in days] == [
        (date(2026, 3, 9), 0),
        (date(2026, 3, 10), 1),
    ]
    assert len(texts) == 1


@pytest.mark.parametrize(("asked", "given"), [(0, 1), (-5, 1), (7, 7), (10**9, attention.MAX_DAYS)])
def test_the_number_of_days_is_bounded(asked: int, given: int) -> None:
    assert len(attention.summary(EVERYTHING, NOW, days=asked)) == given


def test_days_of_one_identity_provider() -> None:
    row, other = fine(), fine()
    refusals(other, 3, days_ago=0)

    assert attention.summary(row.events.all(), NOW)[-1].refusals == 0
    assert attention.summary(other.events.all(), NOW)[-1].refusals == 3
