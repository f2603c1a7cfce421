"""Texts that databases compare, cut or refuse differently have the same meaning on all of them."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from jitprov.models import ClaimMapping, ExternalIdentity, IdentityProvider, ProvisioningEvent
from jitprov.provisioning.mapping import MAX_EXTERNAL_ID
from jitprov.testing import ANN, FakeIdentityProvider, Person
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User
from tests.support.factories import connected, map_group

pytestmark = pytest.mark.django_db

LONG = "é" * (MAX_EXTERNAL_ID - 1)
DEPARTMENT = "department"


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    row = connected(fake)
    ClaimMapping.objects.create(
        identity_provider=row, position=9, target="department", sources=DEPARTMENT
    )
    return row


def sign_in(row: IdentityProvider, fake: FakeIdentityProvider, person: Person) -> Any:
    return SignIn(Client())(row, fake, person)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param("ann", "ANN", id="in case"),
        pytest.param("strasse", "straße", id="in a letter that is sorted as two"),
        pytest.param("jose", "josé", id="in an accent"),
        pytest.param("jos\u00e9", "jose\u0301", id="in how an accent is written"),
        pytest.param("\U0001f600", "\U0001f601", id="in one of the characters of four bytes"),
        pytest.param("a\u200bnn", "ann", id="in something that is not seen"),
        pytest.param("\u0131d", "id", id="in the dot of an i"),
        pytest.param("%nn", "ann", id="in what LIKE would take for anything"),
        pytest.param("a\\nn", "a\\\\nn", id="in a backslash"),
        pytest.param(
            LONG + "a", LONG + "b", id="in the last of as many characters as there may be"
        ),
    ],
)
def test_external_ids_that_a_database_finds_equal_are_two_people(
    one: str, other: str, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    for anchor in (one, other, one, other):
        answer = sign_in(row, fake, replace(ANN, object_id=anchor))
        assert answer.status_code == HTTPStatus.FOUND

    assert User.objects.count() == 2
    stored = ExternalIdentity.objects.values_list("external_id", flat=True).order_by("pk")
    assert list(stored) == [one, other]
    assert ProvisioningEvent.objects.filter(outcome="created").count() == 2


@pytest.mark.parametrize(
    "anchor",
    [
        pytest.param("", id="empty"),
        pytest.param(" \t ", id="blank, which some databases find equal to empty"),
        pytest.param("e" * (MAX_EXTERNAL_ID + 1), id="too long"),
    ],
)
def test_an_external_id_that_cannot_be_stored_is_a_refusal(
    anchor: str, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    answer = sign_in(row, fake, replace(ANN, object_id=anchor))

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert not User.objects.exists()


@pytest.mark.parametrize("case", [str.lower, str.upper, str.title])
def test_user_names_that_a_database_finds_equal_do_not_collide(
    case: Any, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    names = ["anné", "anne", case("anné"), case("anne")]
    for number, name in enumerate(names):
        person = replace(ANN, object_id=f"person-{number}", upn=name)
        assert sign_in(row, fake, person).status_code == HTTPStatus.FOUND

    assert User.objects.count() == len(names)
    assert {name.lower()[:4] for name in User.objects.values_list("username", flat=True)} <= {
        "anné",
        "anne",
    }


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("研究 \U0001f469\u200d\U0001f52c", id="characters of four bytes"),
        pytest.param("\U0001f600" * 30, id="as many of them as the field has room for"),
        pytest.param("R&D \"q\" 'q' \\ %s %(x)s ; --", id="what SQL or JSON might stumble over"),
    ],
)
def test_a_value_is_read_as_it_was_written(
    value: str, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    person = replace(ANN, extra={DEPARTMENT: value})

    for _ in range(2):
        assert sign_in(row, fake, person).status_code == HTTPStatus.FOUND

    assert User.objects.get().department == value
    assert ProvisioningEvent.objects.latest("pk").outcome == "unchanged"


def test_a_value_that_is_longer_than_its_field_is_a_refusal_and_not_cut(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    row.claim_mappings.update(when_invalid="refuse")

    answer = sign_in(row, fake, replace(ANN, extra={DEPARTMENT: "\U0001f600" * 31}))

    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert ProvisioningEvent.objects.latest("pk").reason == "invalid_value"
    assert not User.objects.exists()


def test_group_values_that_differ_in_case_map_to_two_groups(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    map_group(row, "Editors")
    shouted = map_group(row, "EDITORS")

    sign_in(row, fake, replace(ANN, groups=["EDITORS"]))

    assert list(User.objects.get().groups.all()) == [shouted]


def test_a_configuration_of_a_megabyte_is_read_as_a_whole(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    """MariaDB cuts a JSON value off at ``group_concat_max_len``."""
    map_group(row, ANN.groups[0])
    last = row.group_mappings.get()
    row.group_mappings.bulk_create(
        type(last)(identity_provider=row, claim="c" * 512, value="v" * 512, group=last.group)
        for _ in range(900)
    )

    answer = sign_in(row, fake, ANN)

    assert answer.status_code == HTTPStatus.FOUND
    assert User.objects.get().groups.count() == 1


def test_the_tests_database_has_the_usual_collation() -> None:
    """MariaDB ignores case by default, and must store all characters."""
    if connection.vendor == "mysql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT @@character_set_database, @@collation_database, 'a' = 'A'")
            charset, collation, same = cursor.fetchone()
        assert (charset, bool(same)) == ("utf8mb4", True)
        assert collation.endswith("_ci")
