"""Two tenants with rows of every kind, marked so that any row of the second one can be recognised in a response."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import Group, Permission
from django.db.models import QuerySet
from django.utils import timezone

from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.journal.audit import recorded
from jitprov.journal.observed_claims import email_digest, sealed_claims
from jitprov.models import (
    ClaimMapping,
    EmailDomain,
    ExternalIdentity,
    GroupMapping,
    IdentityProvider,
    ObservedClaim,
    Outcome,
    ProvisioningEvent,
    SetupLink,
    SigningCertificate,
    TenantAdministrator,
    TestSignIn,
    Via,
    digest,
)
from jitprov.provisioner import Provisioner
from jitprov.provisioning.types import Claims, Source
from jitprov.sign_in import rehearsal
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import (
    GroupFactory,
    IdentityProviderFactory,
    TenantFactory,
    UserFactory,
)

OURS, THEIRS = "ours", "theirs-q7x"
"""The second mark is in every row of the second tenant, and nowhere else."""


class GroupsByTenant(Provisioner):
    """A host in which each tenant may assign its own groups only."""

    def assignable_groups(self) -> QuerySet[Group]:
        mark = self.identity_provider.tenant.slug
        return super().assignable_groups().filter(name__startswith=mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """The rows of one tenant."""

    mark: str
    idp: IdentityProvider
    admin: Any
    claim_mapping: ClaimMapping
    group_mapping: GroupMapping
    event: ProvisioningEvent
    test: TestSignIn
    setup_link: SetupLink

    def key(self, path: str) -> int:
        """Return the primary key of the row that a path is about."""
        if "setup-links" in path:
            return self.setup_link.pk
        return self.claim_mapping.pk if "claim-mappings" in path else self.group_mapping.pk

    def reference(self, path: str) -> str:
        """Return the reference of the row that a path is about."""
        return self.test.reference if "test-sign-ins" in path else self.event.reference


def plant(mark: str, fake: FakeIdentityProvider) -> Planted:
    """Make a tenant with an identity provider and rows of every kind."""
    tenant = TenantFactory.create(slug=mark, name=f"Tenant {mark}")
    admin = UserFactory.create(username=f"admin-{mark}", is_staff=True)
    admin.user_permissions.add(Permission.objects.get(codename="add_setuplink"))
    TenantAdministrator.objects.create(user=admin, tenant=tenant)
    idp = IdentityProviderFactory.create(
        slug=mark,
        tenant=tenant,
        entity_id=f"https://idp.example/{mark}",
        sso_url=f"https://idp.example/{mark}/sso",
        metadata_url=f"https://127.0.0.1/{mark}.xml",
        metadata_error="metadata_fetch_failed",  # so that it needs attention
        subject_claim=f"urn:subject:{mark}",
    )
    with recorded(idp, Actor.person(admin, Via.API), note=f"note {mark}"):
        claim_mapping, group_mapping = _mapping(idp, mark, fake)
    ObservedClaim.objects.create(
        identity_provider=idp,
        name=f"urn:observed:{mark}",
        name_digest=digest(mark),
        first_seen=date(2026, 1, 1),
        last_seen=date(2026, 1, 2),
    )
    return Planted(
        mark=mark,
        idp=idp,
        admin=admin,
        claim_mapping=claim_mapping,
        group_mapping=group_mapping,
        event=_events(idp, mark),
        test=_test(idp, admin),
        setup_link=setup_links.make(
            idp, actor=Actor.person(admin, Via.API), recipient=f"it@{mark}.example"
        )[0],
    )


def _mapping(
    idp: IdentityProvider, mark: str, fake: FakeIdentityProvider
) -> tuple[ClaimMapping, GroupMapping]:
    for certificate in fake.idp_metadata().signing_certificates:
        SigningCertificate.objects.create(identity_provider=idp, pem=certificate.pem)
    EmailDomain.objects.create(identity_provider=idp, domain=f"{mark}.example")
    claim_mapping = ClaimMapping.objects.create(
        identity_provider=idp, target="first_name", sources=f"urn:first:{mark}"
    )
    group_mapping = GroupMapping.objects.create(
        identity_provider=idp,
        claim=f"urn:groups:{mark}",
        value=f"value {mark}",
        name=f"name {mark}",
        group=GroupFactory.create(name=f"{mark} staff"),
    )
    return claim_mapping, group_mapping


def _events(idp: IdentityProvider, mark: str) -> ProvisioningEvent:
    user = UserFactory.create(username=f"person-{mark}", first_name=f"First {mark}")
    ExternalIdentity.objects.create(
        identity_provider=idp, external_id=f"external {mark}", user=user
    )
    said = Claims(
        source=Source.SAML,
        external_id=f"external {mark}",
        values={f"urn:first:{mark}": (f"New {mark}",), f"urn:groups:{mark}": (f"value {mark}",)},
    )
    common: dict[str, Any] = {"identity_provider": idp, "tenant": idp.tenant}
    ProvisioningEvent.objects.create(
        outcome=Outcome.UPDATED,
        user=user,
        changed_fields=["first_name"],
        details={"fields": {"first_name": f"urn:first:{mark}"}},
        claims=sealed_claims(said),
        **common,
    )
    return ProvisioningEvent.objects.create(
        outcome=Outcome.REFUSED,
        reason="issuer_mismatch",
        details={"expected": f"https://idp.example/{mark}", "received": [f"received {mark}"]},
        email_digest=email_digest(f"somebody@{mark}.example"),
        **common,
    )


def _test(idp: IdentityProvider, admin: Any) -> TestSignIn:
    test = rehearsal.begin(idp, actor=Actor.person(admin, Via.API), report_url="/")
    TestSignIn.objects.filter(pk=test.pk).update(expires_at=timezone.now() + timedelta(days=1))
    return test
