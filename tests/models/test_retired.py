"""What outsiders trust is never recycled, and who connects the same directory again has the same people."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client

from jitprov.configuration.identity_providers import free_slug
from jitprov.models import (
    ExternalIdentity,
    FormerIdentity,
    IdentityProvider,
    ProvisioningEvent,
    RetiredName,
    retired_elsewhere,
)
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.api.client import Api
from tests.setup.pages import administrator_of, url
from tests.support.factories import IdentityProviderFactory, TenantFactory, connected

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    made = connected(fake, slug="acme", sp_entity_id="https://old.example/sp")
    SignIn(Client())(made, fake)
    return made


@pytest.fixture
def stranger() -> IdentityProvider:
    """An identity provider of another tenant."""
    return IdentityProviderFactory.create(slug="globex")


def api_of(row: IdentityProvider) -> Api:
    client = Client()
    client.force_login(administrator_of(row))
    return Api(client)


def reason() -> str:
    return ProvisioningEvent.objects.latest("pk").reason


# Names


@pytest.mark.parametrize("slug", ["acme", "ACME"])
def test_another_tenant_cannot_take_the_slug_of_a_deleted_row(
    row: IdentityProvider, stranger: IdentityProvider, slug: str, tmp_path: Any, client: Client
) -> None:
    tenant = row.tenant
    row.delete()

    answer = api_of(stranger).post(
        "identity-providers/", {"tenant": stranger.tenant.slug, "slug": slug, "preset": "entra"}
    )
    assert (answer.status, list(answer.json["errors"])) == (400, ["slug"])

    client.force_login(administrator_of(stranger))
    draft = {"tenant": stranger.tenant_id, "slug": slug, "preset": "entra"}
    page = client.post(url("add"), draft)
    assert "another customer" in page.content.decode()

    document = tmp_path / "metadata.xml"
    document.write_text(FakeIdentityProvider().metadata_xml())
    with pytest.raises(CommandError, match="another tenant"):
        call_command("import_idp_metadata", str(document), tenant=stranger.tenant.slug, slug=slug)
    with pytest.raises(ValidationError):
        IdentityProvider(slug=slug, tenant=stranger.tenant, enabled=False).save()
    assert not IdentityProvider.objects.filter(slug__iexact="acme").exists()

    IdentityProvider(slug=slug, tenant=tenant, enabled=False).save()


def test_a_slug_outlives_the_tenant(row: IdentityProvider, stranger: IdentityProvider) -> None:
    row.tenant.delete()
    assert not IdentityProvider.objects.filter(slug="acme").exists()
    assert retired_elsewhere(["acme", "free"], stranger.tenant_id) == {"acme"}
    assert "acme" not in str(RetiredName.objects.values_list())


def test_a_slug_that_is_made_avoids_those_of_deleted_rows(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    row.delete()
    namesake = TenantFactory.create(slug="acme-2")
    type(namesake).objects.filter(pk=namesake.pk).update(slug="acme")
    namesake.slug = "acme"
    assert free_slug(namesake) == "acme-2"


def test_another_tenant_cannot_take_our_entity_id_of_a_deleted_row(
    row: IdentityProvider, stranger: IdentityProvider
) -> None:
    row.delete()
    body = {"sp_entity_id": "https://old.example/sp"}
    answer = api_of(stranger).patch("identity-providers/globex/", body)
    assert (answer.status, list(answer.json["errors"])) == (400, ["sp_entity_id"])


def test_a_map_of_many_refuses_it_too(
    row: IdentityProvider, stranger: IdentityProvider, fake: FakeIdentityProvider, tmp_path: Any
) -> None:
    row.delete()
    document, chosen = tmp_path / "metadata.xml", tmp_path / "map.csv"
    document.write_text(fake.metadata_xml())
    chosen.write_text(f"entity_id,tenant,slug\n{fake.entity_id},{stranger.tenant.slug},acme\n")
    with pytest.raises(CommandError):
        call_command("import_idp_metadata", str(document), map=str(chosen))
    assert not IdentityProvider.objects.filter(slug="acme").exists()


# People


def reconnected(row: IdentityProvider, fake: FakeIdentityProvider, **columns: Any) -> Any:
    tenant = columns.pop("tenant", row.tenant)
    row.delete()
    return connected(fake, slug=columns.pop("slug", "acme"), tenant=tenant, **columns)


def test_the_same_directory_has_the_same_people(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    again = reconnected(row, fake)
    SignIn(Client())(again, fake)
    assert ExternalIdentity.objects.get().user == User.objects.get()
    assert not FormerIdentity.objects.exists()


@pytest.mark.parametrize("other", ["tenant", "directory", "subject claim", "anchor"])
def test_anything_else_makes_another_person(
    row: IdentityProvider, fake: FakeIdentityProvider, other: str
) -> None:
    columns: dict[str, Any] = {}
    if other == "tenant":
        columns = {"tenant": TenantFactory.create(), "slug": "elsewhere"}
    if other == "subject claim":
        columns = {"subject_claim": "employee"}
    if other == "directory":
        fake = FakeIdentityProvider(tenant_id="0b5f0f6a-0000-4000-8000-0000000000b0")
    again = reconnected(row, fake, **columns)
    knobs: dict[str, Any] = {"attributes": {"employee": ANN.object_id}}
    if other == "anchor":
        knobs = {"name_id": "somebody-else"} if not again.subject_claim else {}
        ExternalIdentity.objects.all().delete()
        FormerIdentity.objects.update(key_digest="0" * 64)
    SignIn(Client())(again, fake, **knobs)
    assert User.objects.count() == 2


def test_a_person_who_was_switched_off_still_is(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    ExternalIdentity.objects.update(active=False)
    again = reconnected(row, fake)
    assert SignIn(Client())(again, fake).status_code == 403
    assert reason() == "identity_disabled"
    assert User.objects.count() == 1


def test_a_person_who_became_powerful_is_refused(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    User.objects.update(is_superuser=True)
    again = reconnected(row, fake)
    assert SignIn(Client())(again, fake).status_code == 403
    assert reason() == "account_privileged"


def test_a_person_who_was_detached_is_not_remembered(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    ExternalIdentity.objects.get().delete()
    again = reconnected(row, fake)
    SignIn(Client())(again, fake)
    assert User.objects.count() == 2


def test_nothing_is_remembered_of_a_deleted_account(row: IdentityProvider) -> None:
    row.delete()
    User.objects.all().delete()
    assert not FormerIdentity.objects.exists()


def test_many_people_are_remembered_in_batches(
    row: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    from jitprov.models import retired  # noqa: PLC0415

    monkeypatch.setattr(retired, "_BATCH", 3)
    user = User.objects.get()
    for number in range(7):
        row.identities.create(external_id=f"p{number}", user=user)
    row.delete()
    assert FormerIdentity.objects.count() == 8


def test_the_page_that_asks_says_what_deleting_does(row: IdentityProvider, client: Client) -> None:
    client.force_login(administrator_of(row))
    page = client.get(url("delete", row.pk)).content.decode()
    assert "1 person is known by this identity provider." in page
    assert "Disable instead" in page
    assert ANN.object_id not in page
    assert client.get(url("delete", 987654)).status_code == 404
    assert client.get(url("delete", "x")).status_code == 404
