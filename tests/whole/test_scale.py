"""With 10 000 identity providers and 100 000 events, every page needs as many SQL statements as with ten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

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
from tests.support.accounts.models import User
from tests.support.factories import UserFactory
from tests.whole.test_isolation import ADMIN, API, Side, filled, side

pytestmark = pytest.mark.django_db
FEW = 10
IDENTITY_PROVIDERS = 10_000
EVENTS = 100_000
TENANTS = 100
NOW = datetime.now(UTC)
PEM = FakeIdentityProvider().idp_metadata().signing_certificates[0].pem
_PARAMETER = re.compile(r"<")


class Rows:
    """Adds rows up to a number, each with everything that could slow a page down."""

    def __init__(self, ours: Side) -> None:
        self.ours = ours
        self.identity_providers = 0
        self.events = 0
        self.tenants = [ours.tenant]

    def grow_to(self, identity_providers: int, events: int) -> None:
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
        people = User.objects.bulk_create(
            (User(username=f"person-{row.slug}", email=f"{row.slug}@x.example") for row in added),
            batch_size=1000,
        )
        if not connection.features.can_return_rows_from_bulk_insert:
            people = list(User.objects.filter(username__startswith="person-").order_by("pk"))
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
        # Half of them belong to one identity provider, so that one tenant has very many.
        row = self.ours.idp if number % 2 else added[number % len(added)]
        refused = number % 3 == 0
        return ProvisioningEvent(
            identity_provider=row,
            tenant_id=row.tenant_id,
            reference=f"E{number:07}{number % 30:02}",
            user=None if refused else self.ours.person,
            outcome="refused" if refused else ("created" if number % 7 == 0 else "unchanged"),
            reason="audience_mismatch" if refused else "",
            notes=["groups_overage"] if number % 11 == 0 else [],
        )


def addresses(owner: Side) -> Iterator[str]:
    """Yield a URL for each pattern that can be opened."""
    for pattern in [*ADMIN, *API]:
        if "(?P" in pattern or "schema" in pattern:
            continue
        yield from (
            list(filled(pattern, owner))[:1] if _PARAMETER.search(pattern) else [f"/{pattern}"]
        )
    yield from ("/admin/", "/admin/jitprov/")
    yield f"/admin/jitprov/provisioningevent/?q={owner.event.reference}"
    yield "/admin/jitprov/provisioningevent/?outcome__exact=refused"
    yield "/admin/jitprov/identityprovider/?q=idp-7"


def costs(browser: Client, pages: list[str]) -> dict[str, int]:
    """Return the number of statements of each page that answers 200."""
    found = {}
    for page in pages:
        cache.clear()
        with CaptureQueriesContext(connection) as statements:
            answer: Any = browser.get(page)
        assert answer.status_code in {200, 302, 403, 404, 405}, (page, answer.status_code)
        if answer.status_code == 200:
            found[page] = len(statements)
    return found


def test_the_number_of_statements_of_every_page_is_independent_of_the_rows() -> None:
    ours = side("ours")
    browsers = {
        "tenant's administrator": ours.administrator,
        "superuser": UserFactory.create(is_staff=True, is_superuser=True),
    }
    clients = {}
    for name, user in browsers.items():
        clients[name] = Client()
        clients[name].force_login(user)
    rows = Rows(ours)
    rows.grow_to(FEW, FEW)
    pages = list(addresses(ours))
    for client in clients.values():
        costs(client, pages)  # fills Django's own caches
    few = {name: costs(client, pages) for name, client in clients.items()}

    rows.grow_to(IDENTITY_PROVIDERS, EVENTS)
    many = {name: costs(client, pages) for name, client in clients.items()}

    assert IdentityProvider.objects.count() > IDENTITY_PROVIDERS
    assert ProvisioningEvent.objects.count() > EVENTS
    for name in clients:
        assert len(few[name]) > 20
        assert few[name].keys() == many[name].keys()
        more = {
            page: (few[name][page], count)
            for page, count in many[name].items()
            if count > few[name][page]
        }
        assert not more, name
