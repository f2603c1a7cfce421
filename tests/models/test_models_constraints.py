"""What the database refuses, whoever writes, and that one identity provider is not in another's way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from jitprov.models import (
    ClaimMapping,
    ConsumedAssertion,
    DueJob,
    ExternalIdentity,
    GrantedGroup,
    GroupMapping,
    IdentityProvider,
    ObservedClaim,
    SigningCertificate,
    TenantAdministrator,
    digest,
)
from jitprov.testing import rsa_key_pair
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    IdentityProviderFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

LATER = datetime(2040, 1, 1, tzinfo=UTC)


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


def _unreachable(row: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=row.pk).update(sso_url="")


def _nameless(row: IdentityProvider) -> None:
    IdentityProvider.objects.bulk_create(
        [IdentityProvider(slug="x", tenant=row.tenant, entity_id="", sso_url=row.sso_url)]
    )


def _unknown_policy(row: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=row.pk).update(unsolicited="believe")


def _unknown_binding(row: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=row.pk).update(sso_binding="SOAP")


def _same_certificate_twice(row: IdentityProvider) -> None:
    certificate = SigningCertificate(identity_provider=row, pem=rsa_key_pair().certificate)
    certificate.save()
    certificate.pk = None
    SigningCertificate.objects.bulk_create([certificate])


def _two_mappings_of_one_field(row: IdentityProvider) -> None:
    ClaimMapping.objects.bulk_create(
        ClaimMapping(identity_provider=row, sources=source, target="email") for source in "ab"
    )


def _dangerous_mapping(row: IdentityProvider) -> None:
    ClaimMapping.objects.bulk_create(
        [ClaimMapping(identity_provider=row, sources="a", target="is_superuser")]
    )


def _one_person_twice(row: IdentityProvider) -> None:
    for _ in range(2):
        ExternalIdentityFactory.create(identity_provider=row, external_id="ann")


def _one_person_twice_behind_the_back_of_save(row: IdentityProvider) -> None:
    ExternalIdentity.objects.bulk_create(
        ExternalIdentity(
            identity_provider=row,
            external_id="ann",
            external_id_digest=digest("ann"),
            user=UserFactory.create(),
        )
        for _ in range(2)
    )


def _nobody(row: IdentityProvider) -> None:
    identity = ExternalIdentityFactory.create(identity_provider=row)
    ExternalIdentity.objects.filter(pk=identity.pk).update(external_id="")


def _granted_twice(row: IdentityProvider) -> None:
    identity, group = ExternalIdentityFactory.create(identity_provider=row), GroupFactory.create()
    GrantedGroup.objects.bulk_create(GrantedGroup(identity=identity, group=group) for _ in range(2))


def _used_twice(row: IdentityProvider) -> None:
    ConsumedAssertion.objects.bulk_create(
        ConsumedAssertion(identity_provider=row, assertion_digest=digest("_1"), expires_at=LATER)
        for _ in range(2)
    )


def _administrator_twice(row: IdentityProvider) -> None:
    user = UserFactory.create()
    for _ in range(2):
        TenantAdministrator.objects.create(user=user, tenant=row.tenant)


def _observed_twice(row: IdentityProvider) -> None:
    ObservedClaim.objects.bulk_create(
        ObservedClaim(
            identity_provider=row,
            name="mail",
            name_digest=digest("mail"),
            first_seen=LATER,
            last_seen=LATER,
        )
        for _ in range(2)
    )


def _idle_group_mapping(row: IdentityProvider) -> None:
    GroupMapping.objects.create(identity_provider=row, claim="groups", value="a")


def _due_twice(row: IdentityProvider) -> None:
    for _ in range(2):
        DueJob.objects.create(name="prune", due_at=LATER)


VIOLATIONS: list[tuple[str, Callable[[IdentityProvider], None]]] = [
    ("jitprov_enabled_idp_can_be_reached", _unreachable),
    ("jitprov_enabled_idp_can_be_reached", _nameless),
    ("jitprov_idp_unsolicited_is_known", _unknown_policy),
    ("jitprov_idp_bindings_are_known", _unknown_binding),
    ("jitprov_certificate_once_per_idp", _same_certificate_twice),
    ("jitprov_one_mapping_per_user_field", _two_mappings_of_one_field),
    ("jitprov_mapping_target_is_harmless", _dangerous_mapping),
    ("jitprov_group_mapping_does_something", _idle_group_mapping),
    ("jitprov_one_user_per_external_id", _one_person_twice),
    ("jitprov_one_user_per_external_id", _one_person_twice_behind_the_back_of_save),
    ("jitprov_external_id_not_empty", _nobody),
    ("jitprov_group_granted_once", _granted_twice),
    ("jitprov_assertion_used_once", _used_twice),
    ("jitprov_administrator_once_per_tenant", _administrator_twice),
    ("jitprov_claim_observed_once", _observed_twice),
    ("jitprov_due_job_once", _due_twice),
]


@pytest.mark.parametrize(
    ("name", "violate"),
    VIOLATIONS,
    ids=[f"{name}: {violate.__name__.strip('_')}" for name, violate in VIOLATIONS],
)
def test_the_database_refuses(
    row: IdentityProvider, name: str, violate: Callable[[IdentityProvider], None]
) -> None:
    with pytest.raises(IntegrityError) as refusal, transaction.atomic():
        violate(row)

    # SQLite names the columns of a unique constraint instead.
    assert name in str(refusal.value) or "UNIQUE constraint failed" in str(refusal.value)


def test_every_constraint_has_a_name_of_ours_and_a_row_here() -> None:
    names = {
        constraint.name
        for model in apps.get_app_config("jitprov").get_models()
        for constraint in model._meta.constraints
    }

    assert names == {name for name, _ in VIOLATIONS}
    assert all(name.startswith("jitprov_") for name in names)


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(ConsumedAssertion, id="an assertion's ID at another identity provider"),
        pytest.param(ExternalIdentity, id="a person's ID at another identity provider"),
    ],
)
def test_identity_providers_do_not_get_in_each_other_s_way(model: type[models.Model]) -> None:
    one, other = IdentityProviderFactory.create(), IdentityProviderFactory.create()

    for idp in (one, other):
        if model is ExternalIdentity:
            ExternalIdentityFactory.create(identity_provider=idp, external_id="ann")
        else:
            ConsumedAssertion.objects.create(
                identity_provider=idp, assertion_digest=digest("_1"), expires_at=LATER
            )

    assert model._default_manager.count() == 2
