"""A database of the first release is migrated, and its people sign in.

The rows are written with the models of that release, taken from its migration, and never with the present models. This
file is a record of the past: it does not change when a model does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import pytest
from django.apps.registry import Apps
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.test import Client

from jitprov.models import (
    ConsumedAssertion,
    EmailDomain,
    ExternalIdentity,
    GrantedGroup,
    IdentityProvider,
    ProvisioningEvent,
    UnprovedRefusals,
    digest,
)
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.person import GROUPS_CLAIM, SURNAME_CLAIM
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)

FIRST_RELEASE = ("jitprov", "0001_initial")
"""The migration of release 0.1.0."""
EDITORS, READERS = ANN.groups
NOW = datetime.now(UTC)


@pytest.fixture
def first_release() -> Iterator[Apps]:
    """Return the models of a database that has only the tables of the first release."""
    call_command("migrate", "jitprov", "zero", verbosity=0)
    try:
        executor = MigrationExecutor(connection)
        yield executor.migrate([FIRST_RELEASE]).apps
    finally:
        call_command("migrate", verbosity=0)


def write(apps: Apps, model: str, **columns: Any) -> Any:
    """Write a row with a value for every column of the first release, and for no other."""
    historical = apps.get_model("jitprov", model)
    expected = {field.attname for field in historical._meta.concrete_fields} - {"id"}
    filled_in_by_itself = {"created_at", "updated_at"}
    assert set(columns) == expected - filled_in_by_itself, model
    return historical._default_manager.create(**columns)


def fill(apps: Apps, fake: FakeIdentityProvider, user: User, group: Group) -> None:
    """Write the rows of a host after a person's first sign-in, and one row of every other kind."""
    tenant = write(apps, "Tenant", slug="acme", name="Acme")
    idp = write_identity_provider(apps, fake, tenant)
    write_configuration(apps, fake, idp, group)
    write_person(apps, idp, user, group)
    write_attempts(apps, idp, tenant, user)


def write_identity_provider(apps: Apps, fake: FakeIdentityProvider, tenant: Any) -> Any:
    return write(
        apps,
        "IdentityProvider",
        slug="acme",
        tenant_id=tenant.pk,
        entity_id=fake.entity_id,
        sso_url=fake.sso_url,
        sso_binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
        slo_url="",
        slo_binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
        want_authn_requests_signed=False,
        preset="entra",
        subject_claim="http://schemas.microsoft.com/identity/claims/objectidentifier",
        sp_entity_id="",
        sp_acs_url="",
        enabled=True,
        create_users=False,
        link_existing_users=False,
        unsolicited="restart",
        force_authn=False,
        name_id_format="",
        authn_contexts="",
        unverified_refusals=3,
    )


def write_configuration(apps: Apps, fake: FakeIdentityProvider, idp: Any, group: Group) -> None:
    [certificate] = fake.idp_metadata().signing_certificates
    write(
        apps,
        "SigningCertificate",
        identity_provider_id=idp.pk,
        pem=certificate.pem,
        fingerprint="0" * 64,
        not_before=certificate.not_before,
        not_after=certificate.not_after,
        allow_expired=False,
    )
    write(
        apps,
        "ClaimMapping",
        identity_provider_id=idp.pk,
        position=1,
        sources=SURNAME_CLAIM,
        target="last_name",
        transforms=[{"name": "strip"}],
        sync="always",
        required=True,
        when_empty="keep",
    )
    write(
        apps,
        "GroupMapping",
        identity_provider_id=idp.pk,
        claim=GROUPS_CLAIM,
        value=EDITORS,
        group_id=group.pk,
    )
    write(apps, "EmailDomain", identity_provider_id=idp.pk, domain="acme.example")


def write_person(apps: Apps, idp: Any, user: User, group: Group) -> None:
    identity = write(
        apps,
        "ExternalIdentity",
        identity_provider_id=idp.pk,
        external_id=ANN.object_id,
        external_id_digest=digest(ANN.object_id),
        user_id=user.pk,
        active=True,
    )
    write(apps, "GrantedGroup", identity_id=identity.pk, group_id=group.pk)


def write_attempts(apps: Apps, idp: Any, tenant: Any, user: User) -> None:
    write(
        apps,
        "ConsumedAssertion",
        identity_provider_id=idp.pk,
        assertion_digest=digest("_used"),
        expires_at=NOW + timedelta(hours=1),
    )
    write(
        apps,
        "ProvisioningEvent",
        reference="ABCDEFGHJK",
        source="saml",
        outcome="created",
        reason="",
        verified=True,
        tenant_id=tenant.pk,
        identity_provider_id=idp.pk,
        user_id=user.pk,
        changed_fields=["last_name"],
        notes=[],
        duration_ms=12,
    )


@pytest.fixture
def ann() -> User:
    return User.objects.create(username="ann", last_name="Archer")


@pytest.fixture
def editors(ann: User) -> Group:
    editors = Group.objects.create(name="Editors")
    ann.groups.add(editors)
    return editors


def test_people_of_the_first_release_sign_in_after_the_upgrade(
    first_release: Apps, ann: User, editors: Group
) -> None:
    fake = FakeIdentityProvider()
    fill(first_release, fake, ann, editors)

    call_command("migrate", verbosity=0)

    row = IdentityProvider.objects.get()
    moved = replace(ANN, surname="Baker", groups=[READERS])
    answer = SignIn(Client())(row, fake, moved)
    again = SignIn(Client())(row, fake, ANN, assertion_id="_used")

    assert answer.status_code == HTTPStatus.FOUND
    ann.refresh_from_db()
    assert ann.last_name == "Baker"
    assert (
        not ann.groups.exists()
    )  # the sign-in removes the group that the first release had granted
    assert [User.objects.get(), ExternalIdentity.objects.get().user] == [ann, ann]
    assert again["Location"].startswith(fake.sso_url)  # not used, and begun again
    events = ProvisioningEvent.objects.order_by("pk").values_list("outcome", "reason")
    assert list(events) == [("created", ""), ("updated", ""), ("refused", "assertion_replayed")]


def test_the_number_of_refusals_is_moved_back_by_a_migration_backwards(
    first_release: Apps, ann: User, editors: Group
) -> None:
    fill(first_release, FakeIdentityProvider(), ann, editors)
    call_command("migrate", verbosity=0)
    UnprovedRefusals.objects.update(count=7)

    executor = MigrationExecutor(connection)
    before = executor.migrate([("jitprov", "0002_tenant_administration")]).apps

    assert before.get_model("jitprov", "IdentityProvider").objects.get().unverified_refusals == 7


def test_rows_of_the_first_release_are_kept(first_release: Apps, ann: User, editors: Group) -> None:
    fill(first_release, FakeIdentityProvider(), ann, editors)

    call_command("migrate", verbosity=0)

    row = IdentityProvider.objects.get()
    assert (row.slug, row.tenant.slug, row.unproved_refusals.count) == ("acme", "acme", 3)
    assert [rule.target for rule in row.claim_rules()] == ["last_name"]
    assert [rule.group for rule in row.group_rules()] == [editors.pk]
    assert EmailDomain.objects.get().identity_provider == row
    assert GrantedGroup.objects.get().group == editors
    assert ConsumedAssertion.objects.get().assertion_digest == digest("_used")
    assert ProvisioningEvent.objects.get().user == ann
