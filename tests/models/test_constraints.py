from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import IntegrityError, models, transaction
from django.test import override_settings

from jitprov.models import (
    ClaimMapping,
    ConsumedAssertion,
    EmailDomain,
    ExternalIdentity,
    GrantedGroup,
    IdentityProvider,
    ObservedClaim,
    ProvisioningEvent,
    SigningCertificate,
    Tenant,
    TenantAdministrator,
    digest,
    new_reference,
    remembered_until,
)
from jitprov.provisioner import Provisioned, provision
from jitprov.provisioning.types import Claims, Source
from jitprov.saml.certificates import CertificateUnusable
from jitprov.testing import FakeIdentityProvider, ec_key_pair, rsa_key_pair
from jitprov.testing.keys import NOT_AFTER, NOT_BEFORE, certificate_body
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


# Constraints


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


VIOLATIONS: list[tuple[str, Callable[[IdentityProvider], None]]] = [
    ("jitprov_enabled_idp_can_be_reached", _unreachable),
    ("jitprov_enabled_idp_can_be_reached", _nameless),
    ("jitprov_idp_unsolicited_is_known", _unknown_policy),
    ("jitprov_idp_bindings_are_known", _unknown_binding),
    ("jitprov_certificate_once_per_idp", _same_certificate_twice),
    ("jitprov_one_mapping_per_user_field", _two_mappings_of_one_field),
    ("jitprov_mapping_target_is_harmless", _dangerous_mapping),
    ("jitprov_one_user_per_external_id", _one_person_twice),
    ("jitprov_one_user_per_external_id", _one_person_twice_behind_the_back_of_save),
    ("jitprov_external_id_not_empty", _nobody),
    ("jitprov_group_granted_once", _granted_twice),
    ("jitprov_assertion_used_once", _used_twice),
    ("jitprov_administrator_once_per_tenant", _administrator_twice),
    ("jitprov_claim_observed_once", _observed_twice),
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


# Certificates


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(rsa_key_pair().certificate, id="PEM"),
        pytest.param(certificate_body(rsa_key_pair().certificate), id="bare base64"),
        pytest.param(rsa_key_pair().certificate.replace("\n", "\r\n"), id="with Windows' lines"),
    ],
)
def test_a_certificate_fills_what_it_says_of_itself(row: IdentityProvider, pem: str) -> None:
    certificate = SigningCertificate.objects.create(identity_provider=row, pem=pem)
    certificate.refresh_from_db()

    [known] = FakeIdentityProvider(key_pairs=[rsa_key_pair()]).idp_metadata().signing_certificates
    assert certificate.pem == rsa_key_pair().certificate
    assert certificate.fingerprint == known.fingerprint
    assert (certificate.not_before, certificate.not_after) == (NOT_BEFORE, NOT_AFTER)
    assert str(certificate) == f"{known.fingerprint[:16]} (2049-12-31)"


def test_another_certificate_in_its_place_is_read_anew(row: IdentityProvider) -> None:
    certificate = SigningCertificate.objects.create(
        identity_provider=row, pem=rsa_key_pair().certificate
    )
    before = certificate.fingerprint

    certificate.pem = ec_key_pair().certificate
    certificate.save()

    assert certificate.fingerprint != before


BAD_PEM = [
    pytest.param("MIIB", "not an X.509 certificate", id="cut off"),
    pytest.param(rsa_key_pair().private_key, "not an X.509 certificate", id="a private key"),
    pytest.param("A" * 40_000, "certificate is too long", id="too long"),
    pytest.param(
        rsa_key_pair("short", bits=1024).certificate, "2048 are the least", id="a short key"
    ),
]


@pytest.mark.parametrize(("pem", "message"), BAD_PEM)
def test_a_bad_certificate_is_refused_beside_the_field(
    row: IdentityProvider, pem: str, message: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        SigningCertificate(identity_provider=row, pem=pem).full_clean()

    assert list(refusal.value.message_dict) == ["pem"]
    assert message in refusal.value.message_dict["pem"][0]


@pytest.mark.parametrize(("pem", "message"), BAD_PEM)
def test_a_bad_certificate_is_not_saved_either(
    row: IdentityProvider, pem: str, message: str
) -> None:
    with pytest.raises(CertificateUnusable, match=message):
        SigningCertificate.objects.create(identity_provider=row, pem=pem)


# People


def come_in(row: IdentityProvider, external_id: str) -> Provisioned:
    return provision(row, Claims(source=Source.SAML, external_id=external_id))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("ann", "Ann", id="in case"),
        pytest.param("jose", "josé", id="in accents"),
        pytest.param("jos\u00e9", "jose\u0301", id="in how an accent is written"),
        pytest.param("straße", "strasse", id="in sharp s"),
        pytest.param("ann", "ann ", id="in a blank at the end"),
        pytest.param("😀", "😁", id="in a four-byte character"),
        pytest.param("a" * 1023 + "x", "a" * 1023 + "y", id="in the 1024th character"),
    ],
)
def test_two_people_whose_ids_differ_only(row: IdentityProvider, one: str, other: str) -> None:
    first, second = come_in(row, one), come_in(row, other)

    assert first.user.pk != second.user.pk
    assert come_in(row, one).user.pk == first.user.pk
    assert come_in(row, other).user.pk == second.user.pk


@pytest.mark.parametrize("character", ["a", "é", "漢", "😀"])
def test_an_id_of_1024_characters_is_kept_whole(row: IdentityProvider, character: str) -> None:
    person = come_in(row, character * 1024).user

    assert ExternalIdentity.objects.get(user_id=person.pk).external_id == character * 1024
    assert come_in(row, character * 1024).user.pk == person.pk


def test_an_identity_shows_no_personal_value_where_it_is_printed() -> None:
    identity = ExternalIdentityFactory.create(external_id="ann@acme.example")

    assert "ann" not in str(identity)


# Drafts


def test_a_draft_may_be_empty_until_it_is_enabled() -> None:
    draft = IdentityProviderFactory.create(entity_id="", sso_url="", enabled=False)

    draft.full_clean()
    assert draft.is_draft
    draft.enabled = True
    with pytest.raises(ValidationError) as refusal:
        draft.full_clean()
    assert set(refusal.value.message_dict) == {"entity_id", "sso_url"}


@pytest.mark.parametrize("missing", ["entity_id", "sso_url"])
def test_only_what_is_missing_in_a_draft_is_asked_for(missing: str) -> None:
    row = IdentityProviderFactory.build(**{missing: ""})

    assert row.is_draft
    with pytest.raises(ValidationError) as refusal:
        row.clean()
    assert set(refusal.value.message_dict) == {missing}


# The rest


@pytest.mark.parametrize("typed", ["acme.example", "ACME.Example", " acme.example\n"])
def test_a_domain_is_kept_as_discovery_compares_it(row: IdentityProvider, typed: str) -> None:
    domain = EmailDomain.objects.create(identity_provider=row, domain=typed)

    assert domain.domain == "acme.example"


def test_a_domain_in_other_letters_is_taken_all_the_same(row: IdentityProvider) -> None:
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")

    with pytest.raises(ValidationError, match="already exists"):
        EmailDomain(identity_provider=row, domain="ACME.example").full_clean()


def test_references_can_be_read_aloud_and_are_not_repeated() -> None:
    references = [new_reference() for _ in range(1000)]

    assert len(set(references)) == 1000
    assert not set("".join(references)) & set("01ILO")


def test_a_used_assertion_is_remembered_while_any_clock_could_find_it_valid() -> None:
    with override_settings(JITPROV_CLOCK_SKEW=120):
        assert (remembered_until(LATER) - LATER).total_seconds() == 240


def test_events_outlive_whom_and_what_they_are_about() -> None:
    identity = ExternalIdentityFactory.create()
    row = identity.identity_provider
    event = ProvisioningEvent.objects.create(
        identity_provider=row, tenant=row.tenant, user=identity.user, outcome="created"
    )

    identity.user.delete()
    Tenant.objects.all().delete()

    event.refresh_from_db()
    assert (event.tenant, event.identity_provider, event.user) == (None, None, None)
    assert not ExternalIdentity.objects.exists()
