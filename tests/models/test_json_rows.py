from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import connection
from django.db.models import OuterRef, Subquery
from django.test.utils import CaptureQueriesContext

from jitprov.models import ClaimMapping, GroupMapping, IdentityProvider, SigningCertificate
from jitprov.models.json_rows import RowsCutOff, json_rows, json_values
from jitprov.testing import ec_key_pair, rsa_key_pair
from tests.support.factories import GroupFactory, IdentityProviderFactory

pytestmark = pytest.mark.django_db

TARGETS = ("first_name", "last_name", "email", "department", "job_title", "floor")
TRANSFORMS: list[list[dict[str, Any]]] = [
    [],
    [{"name": "strip"}, {"name": "lower"}],
    [{"name": "split", "separator": '"; \\'}],
    [{"name": "table", "table": {"é": "漢字", "😀": "'quoted'"}, "unknown": "keep"}],
    [{"name": "regex_extract", "pattern": "^(\\w+)@", "group": 1}],
    [{"name": "date", "formats": ["%d.%m.%Y"]}],
]


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


def read_at_once(row: IdentityProvider) -> IdentityProvider:
    return IdentityProvider.objects.with_configuration().get(pk=row.pk)


def read(rows: Subquery) -> Any:
    return IdentityProvider.objects.annotate(them=rows).values_list("them", flat=True).get()


def fill(row: IdentityProvider, number: int) -> None:
    """Write so many rows of each kind, with what JSON, SQL or an encoding might stumble over."""
    pairs = [rsa_key_pair(), *(ec_key_pair(str(extra)) for extra in range(1, number))]
    for position in range(number):
        SigningCertificate.objects.create(
            identity_provider=row,
            pem=pairs[position].certificate,
            allow_expired=position % 2 == 1,
        )
        ClaimMapping.objects.create(
            identity_provider=row,
            position=position,
            sources=f"claim {position}\nhttps://é.example/😀",
            target=TARGETS[position],
            transforms=TRANSFORMS[position],
            required=position % 2 == 1,
        )
        GroupMapping.objects.create(
            identity_provider=row,
            claim="groups",
            value=["😀", "é", '"', "'", "\\", "a\tb\n"][position],
            group=GroupFactory.create(),
        )


@pytest.mark.parametrize("number", [0, 1, 6])
def test_the_same_as_the_related_rows_give(row: IdentityProvider, number: int) -> None:
    fill(row, number)
    fill(IdentityProviderFactory.create(), 2)  # somebody else's
    at_once = read_at_once(row)
    one_by_one = IdentityProvider.objects.get(pk=row.pk)

    assert len(at_once.claim_rules()) == number
    assert at_once.claim_rules() == one_by_one.claim_rules()
    assert len(at_once.group_rules()) == number
    assert set(at_once.group_rules()) == set(one_by_one.group_rules())
    assert len(at_once.as_metadata().signing_certificates) == number
    assert set(at_once.as_metadata().signing_certificates) == set(
        one_by_one.as_metadata().signing_certificates
    )


def test_one_statement_is_enough(row: IdentityProvider) -> None:
    fill(row, 3)
    assert connection.features.has_json_object_function  # Django asks SQLite once per connection

    with CaptureQueriesContext(connection) as queries:
        at_once = read_at_once(row)
        at_once.as_metadata()
        at_once.claim_rules()
        at_once.group_rules()
        str(at_once.tenant)

    assert len(queries) == 1


def test_many_identity_providers_each_have_their_own(row: IdentityProvider) -> None:
    other = IdentityProviderFactory.create()
    fill(row, 2)
    fill(other, 1)

    rows = IdentityProvider.objects.with_configuration().order_by("pk")

    assert [len(found.claim_rules()) for found in rows] == [2, 1]


def test_values_of_one_column(row: IdentityProvider) -> None:
    fill(row, 3)
    groups = GroupMapping.objects.filter(identity_provider=OuterRef("pk"))

    found = read(json_values(groups, "group_id"))

    assert sorted(found) == sorted(groups_of(row))


def test_no_rows_are_an_empty_list_or_nothing(row: IdentityProvider) -> None:
    groups = GroupMapping.objects.filter(identity_provider=OuterRef("pk"))

    assert not read(json_rows(groups, "claim"))
    assert not read(json_values(groups, "group_id"))


def test_an_ordering_of_the_model_is_no_hindrance(row: IdentityProvider) -> None:
    fill(row, 2)
    ordered = ClaimMapping.objects.filter(identity_provider=OuterRef("pk")).order_by("-target")

    found = read(json_rows(ordered, "target"))

    assert {item["target"] for item in found} == {"first_name", "last_name"}


@pytest.fixture
def room_for() -> Iterator[Callable[[int], None]]:
    """Return a function that says how many bytes a list may have on MariaDB."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT @@group_concat_max_len")
        [usual] = cursor.fetchone()
        yield lambda size: cursor.execute("SET group_concat_max_len = %s", [size])
        cursor.execute("SET group_concat_max_len = %s", [usual])


@pytest.mark.skipif(connection.vendor != "mysql", reason="only MariaDB cuts long values off")
def test_rows_are_all_there_or_an_error_wherever_they_are_cut_off(
    row: IdentityProvider, room_for: Callable[[int], None]
) -> None:
    fill(row, 3)
    values = GroupMapping.objects.filter(identity_provider=OuterRef("pk"))
    found: set[int | None] = set()
    for size in range(4, 140):
        room_for(size)
        try:
            found.add(len(read(json_rows(values, "claim", "value"))))
        except RowsCutOff:
            found.add(None)

    assert found == {3, None}


def groups_of(row: IdentityProvider) -> list[int]:
    return list(row.group_mappings.values_list("group_id", flat=True))
