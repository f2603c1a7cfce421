"""Identity providers with exactly one problem, for tests of what needs attention."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission

from jitprov.models import (
    ClaimMapping,
    IdentityProvider,
    ObservedClaim,
    Outcome,
    ProvisioningEvent,
    SigningCertificate,
    digest,
)
from jitprov.status import attention
from jitprov.status.attention import Attention
from jitprov.testing import rsa_key_pair
from tests.support.factories import IdentityProviderFactory, map_group

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)


def fine(**columns: Any) -> IdentityProvider:
    """Return a row without problems: a valid certificate, a claim that arrives, and a recent sign-in."""
    row = IdentityProviderFactory.create(**columns)
    certificate(row, days=1000)
    mapping(row, "email", "mail")
    observed(row, "mail", days_ago=1)
    events(row, 1, days_ago=2)
    IdentityProvider.objects.filter(pk=row.pk).update(enabled_at=NOW - timedelta(days=100))
    row.refresh_from_db()
    return row


def certificate(row: IdentityProvider, *, days: float, **columns: Any) -> None:
    """Add a certificate that expires in a number of days."""
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
    return list(attention.attention(IdentityProvider.objects.filter(pk=row.pk), NOW))


def codes(row: IdentityProvider) -> list[str]:
    return [item.code for item in found(row)]


def ending(*days: float) -> Callable[[IdentityProvider], None]:
    def change(row: IdentityProvider) -> None:
        row.certificates.all().delete()
        for number in days:
            certificate(row, days=number)

    return change


def ended_but_trusted(row: IdentityProvider) -> None:
    row.certificates.all().delete()
    certificate(row, days=-5, allow_expired=True)


def metadata(error: str, url: str = "https://idp.example/metadata") -> Callable[..., None]:
    def change(row: IdentityProvider) -> None:
        IdentityProvider.objects.filter(pk=row.pk).update(metadata_url=url, metadata_error=error)

    return change


def refused(lately: int, before: int, **columns: Any) -> Callable[[IdentityProvider], None]:
    def change(row: IdentityProvider) -> None:
        refusals(row, lately, days_ago=0.5, **columns)
        refusals(row, before, days_ago=5, **columns)

    return change


def refused_long_ago(row: IdentityProvider) -> None:
    refusals(row, 20, days_ago=0.5)
    refusals(row, 1000, days_ago=16)


def nobody_since(days: float, enabled_since: float | None = 100) -> Callable[..., None]:
    def change(row: IdentityProvider) -> None:
        ProvisioningEvent.objects.filter(identity_provider=row).delete()
        events(row, 1, days_ago=days)
        refusals(row, 3, days_ago=1)
        at = None if enabled_since is None else NOW - timedelta(days=enabled_since)
        IdentityProvider.objects.filter(pk=row.pk).update(
            enabled_at=at, created_at=NOW - timedelta(days=200)
        )

    return change


def mapped(target: str, sources: str, *seen: str, days_ago: int = 1) -> Callable[..., None]:
    def change(row: IdentityProvider) -> None:
        mapping(row, target, sources)
        for name in seen:
            observed(row, name, days_ago=days_ago)

    return change


def nothing_seen_lately(row: IdentityProvider) -> None:
    row.observed_claims.all().delete()
    observed(row, "other", days_ago=40)


def more_claims_than_are_kept(row: IdentityProvider) -> None:
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


def blanks_around(row: IdentityProvider) -> None:
    mapping(row, "department", "nothing\r\n  the dept \r\nmore")
    observed(row, "the dept", days_ago=1)


def forbidden_field(row: IdentityProvider) -> None:
    mapping(row, "mentor", "mail")


def powerful_group(row: IdentityProvider) -> None:
    group = map_group(row, "4711")
    group.permissions.add(Permission.objects.filter(content_type__app_label="auth")[0])


def harmless_group(row: IdentityProvider) -> None:
    map_group(row, "4711")


def overage(days_ago: float, *, mapped: bool = True) -> Callable[[IdentityProvider], None]:
    def change(row: IdentityProvider) -> None:
        if mapped:
            map_group(row, "4711")
        events(row, 1, days_ago=days_ago, notes=["groups_overage"])

    return change


def disabled(row: IdentityProvider) -> None:
    row.certificates.all().delete()
    IdentityProvider.objects.filter(pk=row.pk).update(enabled=False)
