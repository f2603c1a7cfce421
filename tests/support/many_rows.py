"""Write very many identity providers and events, in bulk."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection

from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    ExternalIdentity,
    IdentityProvider,
    ObservedClaim,
    ProvisioningEvent,
    SigningCertificate,
    Tenant,
    digest,
)
from jitprov.testing import FakeIdentityProvider

TENANTS = 100
NOW = datetime.now(UTC)
PEM = FakeIdentityProvider().idp_metadata().signing_certificates[0].pem


class Rows:
    """Identity providers and events besides one's own, to any number; each with whatever could slow a page down.

    :param tenant: the first tenant; up to :data:`TENANTS` share the identity providers.
    :param own: half of all events belong to this identity provider, so that one tenant has very many.
    :param person: whoever came in, in every event.
    """

    def __init__(self, tenant: Tenant, own: IdentityProvider, person: Any) -> None:
        self.tenants, self.own, self.person = [tenant], own, person
        self.identity_providers = 0
        self.events = 0

    def grow_to(self, identity_providers: int, events: int) -> None:
        """Write as many rows as there are to be more."""
        while len(self.tenants) < min(TENANTS, identity_providers):
            number = len(self.tenants)
            self.tenants.append(Tenant.objects.create(slug=f"t{number}", name=f"T{number}"))
        added = self._identity_providers(range(self.identity_providers, identity_providers))
        self.identity_providers = identity_providers
        self._belonging_to(added)
        self._events(range(self.events, events), added)
        self.events = events

    def _identity_providers(self, numbers: range) -> list[IdentityProvider]:
        IdentityProvider.objects.bulk_create(
            (
                IdentityProvider(
                    slug=f"idp-{number}",
                    tenant=self.tenants[number % len(self.tenants)],
                    entity_id=f"https://idp-{number}.example/",
                    sso_url=f"https://idp-{number}.example/sso",
                    metadata_url=f"https://idp-{number}.example/metadata",
                    metadata_error="metadata_fetch_failed" if number % 2 else "",
                    enabled_at=NOW - timedelta(days=90),
                )
                for number in numbers
            ),
            batch_size=1000,
        )
        slugs = [f"idp-{numbers.start}", f"idp-{numbers.stop - 1}"]
        first, last = (IdentityProvider.objects.get(slug=slug).pk for slug in slugs)
        return list(IdentityProvider.objects.filter(pk__range=(first, last)).order_by("pk"))

    def _belonging_to(self, added: list[IdentityProvider]) -> None:
        SigningCertificate.objects.bulk_create(
            (
                SigningCertificate(
                    identity_provider=row,
                    pem=PEM,
                    fingerprint=digest(row.slug),
                    not_before=NOW - timedelta(days=900),
                    # Certificates of every state: expired, about to expire, valid.
                    not_after=NOW + timedelta(days=(-30, 5, 20, 50, 700)[row.pk % 5]),
                )
                for row in added
            ),
            batch_size=1000,
        )
        ClaimMapping.objects.bulk_create(
            (
                ClaimMapping(identity_provider=row, target="email", sources="never-came")
                for row in added
            ),
            batch_size=1000,
        )
        today = NOW.date()
        ObservedClaim.objects.bulk_create(
            (
                ObservedClaim(
                    identity_provider=row,
                    name="mail",
                    name_digest=digest("mail"),
                    first_seen=today,
                    last_seen=today,
                )
                for row in added
            ),
            batch_size=1000,
        )
        ConfigurationChange.objects.bulk_create(
            (
                ConfigurationChange(
                    identity_provider=row,
                    tenant_id=row.tenant_id,
                    slug=row.slug,
                    actor="somebody",
                    via="admin",
                    what="identity_provider",
                    action="changed",
                    changes={"enabled": [False, True]},
                )
                for row in added
            ),
            batch_size=1000,
        )
        users = get_user_model().objects
        people = users.bulk_create(
            (
                get_user_model()(username=f"person-{row.slug}", email=f"{row.slug}@x.example")
                for row in added
            ),
            batch_size=1000,
        )
        if not connection.features.can_return_rows_from_bulk_insert:
            people = list(users.filter(username__startswith="person-").order_by("pk"))
            people = people[-len(added) :]
        ExternalIdentity.objects.bulk_create(
            (
                ExternalIdentity(
                    identity_provider=row,
                    external_id=f"id-{row.slug}",
                    external_id_digest=digest(row.slug),
                    user=person,
                )
                for row, person in zip(added, people, strict=True)
            ),
            batch_size=1000,
        )

    def _events(self, numbers: range, added: list[IdentityProvider]) -> None:
        ProvisioningEvent.objects.bulk_create(
            (self._event(number, added) for number in numbers), batch_size=1000
        )
        # Spread over thirty days, because all rows were written at one moment.
        for day in range(30):
            ProvisioningEvent.objects.filter(reference__endswith=f"{day:02}").update(
                created_at=NOW - timedelta(days=day, hours=1)
            )

    def _event(self, number: int, added: list[IdentityProvider]) -> ProvisioningEvent:
        row = self.own if number % 2 else added[number % len(added)]
        refused = number % 3 == 0
        return ProvisioningEvent(
            identity_provider=row,
            tenant_id=row.tenant_id,
            reference=f"E{number:07}{number % 30:02}",
            user=None if refused else self.person,
            outcome="refused" if refused else ("created" if number % 7 == 0 else "unchanged"),
            reason="audience_mismatch" if refused else "",
            notes=["groups_overage"] if number % 11 == 0 else [],
        )
