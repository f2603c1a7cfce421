"""Two people with similar IDs are never taken for one."""

from __future__ import annotations

import pytest

from jitprov.models import ExternalIdentity, IdentityProvider
from jitprov.provisioner import Provisioned, provision
from jitprov.provisioning.types import Claims, Source
from tests.support.factories import ExternalIdentityFactory, IdentityProviderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


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
def test_ids_that_differ_slightly_are_two_people(
    row: IdentityProvider, one: str, other: str
) -> None:
    first, second = come_in(row, one), come_in(row, other)

    assert first.user.pk != second.user.pk
    assert come_in(row, one).user.pk == first.user.pk
    assert come_in(row, other).user.pk == second.user.pk


@pytest.mark.parametrize("character", ["a", "é", "漢", "😀"])
def test_an_id_of_1024_characters_is_kept_whole(row: IdentityProvider, character: str) -> None:
    person = come_in(row, character * 1024).user

    assert ExternalIdentity.objects.get(user_id=person.pk).external_id == character * 1024
    assert come_in(row, character * 1024).user.pk == person.pk


def test_a_printed_identity_shows_no_personal_value() -> None:
    identity = ExternalIdentityFactory.create(external_id="ann@acme.example")

    assert "ann" not in str(identity)
