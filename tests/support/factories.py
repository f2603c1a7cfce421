"""Factories of rows."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from factory.declarations import Sequence, SubFactory
from factory.django import DjangoModelFactory

from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    GroupMapping,
    IdentityProvider,
    SigningCertificate,
    Tenant,
)
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import (
    EMAIL_CLAIM,
    GIVEN_NAME_CLAIM,
    GROUPS_CLAIM,
    NAME_CLAIM,
    OBJECT_ID_CLAIM,
    SURNAME_CLAIM,
)

ENTRA_MAPPINGS = (
    ("first_name", GIVEN_NAME_CLAIM),
    ("last_name", SURNAME_CLAIM),
    ("email", EMAIL_CLAIM),
    ("username", NAME_CLAIM),
)


def numbered(start: str) -> Sequence:
    """Return a sequence of names whose order as text is the order in which they were made."""
    return Sequence(lambda number: f"{start}{number:06}")


class TenantFactory(DjangoModelFactory[Tenant]):
    class Meta:
        model = Tenant

    slug = numbered("tenant-")
    name = numbered("Tenant ")


class IdentityProviderFactory(DjangoModelFactory[IdentityProvider]):
    class Meta:
        model = IdentityProvider

    slug = numbered("acme-")
    tenant = SubFactory(TenantFactory)
    entity_id = "https://sts.windows.net/7d3c1f0e-52aa-4b1e-9a53-0c2f6f0c9a11/"
    sso_url = "https://login.microsoftonline.com/7d3c1f0e-52aa-4b1e-9a53-0c2f6f0c9a11/saml2"
    subject_claim = OBJECT_ID_CLAIM


class GroupFactory(DjangoModelFactory[Group]):
    class Meta:
        model = Group

    name = numbered("group-")


class UserFactory(DjangoModelFactory[Any]):
    class Meta:
        model = get_user_model()

    username = numbered("user-")


class ExternalIdentityFactory(DjangoModelFactory[ExternalIdentity]):
    class Meta:
        model = ExternalIdentity

    identity_provider = SubFactory(IdentityProviderFactory)
    external_id = numbered("external-")
    user = SubFactory(UserFactory)


def connected(fake: FakeIdentityProvider, **columns: Any) -> IdentityProvider:
    """Return an identity provider that trusts the fake and maps Entra's claims to Django's own fields."""
    row = IdentityProviderFactory.create(
        entity_id=fake.entity_id, sso_url=fake.sso_url, sso_binding=fake.sso_binding, **columns
    )
    for certificate in fake.idp_metadata().signing_certificates:
        SigningCertificate.objects.create(identity_provider=row, pem=certificate.pem)
    for position, (target, source) in enumerate(ENTRA_MAPPINGS):
        ClaimMapping.objects.create(
            identity_provider=row, position=position, target=target, sources=source
        )
    return row


def map_group(row: IdentityProvider, value: str, claim: str = GROUPS_CLAIM) -> Group:
    """Return a group to which people with this claim value are mapped."""
    group = GroupFactory.create()
    GroupMapping.objects.create(identity_provider=row, claim=claim, value=value, group=group)
    return group
