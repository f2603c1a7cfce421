"""Values that people read as the same are one person's."""

from __future__ import annotations

import pytest
from django.contrib.auth import get_user_model
from django.db.models import F, Index, Q, UniqueConstraint
from django.db.models.functions import Lower, Trim, Upper

from jitprov.host import spellings
from jitprov.host.user_fields import username_field
from tests.support.factories import UserFactory

EMAIL = get_user_model()._meta.get_field("email")
NUMBER = get_user_model()._meta.get_field("employee_number")

FORMS = ["\uff41dmin", "\uff21DMIN", "\U0001d400dmin", "\u24b6DMIN"]
"""Full-width, mathematical and circled letters."""


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ["admin", "ADMIN", "Admin", *FORMS])
def test_a_user_name_belongs_to_everybody_who_spells_it_alike(wanted: str) -> None:
    admin = UserFactory.create(username="admin")
    UserFactory.create(username="administrator")
    assert list(spellings.holders(username_field(), wanted)) == [admin]


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ["Ann.Archer@Acme.Example", "ann.archer@acme.example"])
def test_an_address_belongs_to_everybody_who_spells_it_alike(wanted: str) -> None:
    ann = UserFactory.create(email="ann.archer@acme.example")
    assert list(spellings.holders(EMAIL, wanted)) == [ann]


@pytest.mark.django_db(databases=["default"])
def test_a_value_that_is_no_name_is_compared_as_it_is() -> None:
    upper = UserFactory.create(employee_number="E7")
    assert upper in spellings.holders(NUMBER, "E7")
    assert not spellings.holders(NUMBER, "\uff257")


@pytest.mark.django_db
def test_one_statement_finds_all_spellings(django_assert_num_queries: object) -> None:
    with django_assert_num_queries(1):  # type: ignore[operator]
        assert not spellings.holders(username_field(), "ÅNN").exists()


@pytest.mark.parametrize(
    ("constraint", "function"),
    [
        (UniqueConstraint(Lower("username"), name="x"), Lower),
        (UniqueConstraint(Upper("username"), name="x"), Upper),
        (Index(Lower("username").desc(), name="x"), Lower),
        (UniqueConstraint(Lower("email"), name="x"), None),
        (UniqueConstraint(Lower(Trim("username")), name="x"), None),
        (UniqueConstraint(Lower("username"), F("email"), name="x"), None),
        (UniqueConstraint(Lower("username"), condition=Q(is_active=True), name="x"), None),
        (UniqueConstraint(fields=["username"], name="x"), None),
    ],
)
def test_an_index_without_case_is_used_where_the_host_has_one(
    monkeypatch: pytest.MonkeyPatch, constraint: object, function: type | None
) -> None:
    where = "constraints" if isinstance(constraint, UniqueConstraint) else "indexes"
    monkeypatch.setattr(get_user_model()._meta, where, [constraint])
    spellings.indexed_without_case.cache_clear()
    try:
        assert spellings.indexed_without_case(username_field()) is function
        sql = str(spellings.holders(username_field(), "ann").query)
        assert (function.__name__.upper() in sql) if function else "LOWER" not in sql
    finally:
        spellings.indexed_without_case.cache_clear()


@pytest.mark.parametrize(
    ("constraint", "unique"),
    [
        (UniqueConstraint(fields=["email"], name="x"), True),
        (UniqueConstraint(Lower("email"), name="x"), True),
        (UniqueConstraint(fields=["email", "username"], name="x"), False),
        (UniqueConstraint(fields=["email"], condition=Q(is_active=True), name="x"), False),
    ],
)
def test_a_field_is_unique_by_a_constraint_too(
    monkeypatch: pytest.MonkeyPatch, constraint: object, unique: bool
) -> None:
    monkeypatch.setattr(get_user_model()._meta, "constraints", [constraint])
    assert spellings.is_unique(EMAIL) is unique
