from __future__ import annotations

from datetime import date
from types import MappingProxyType
from typing import Any

import pytest
from django.db import models

from jitprov.host.user_fields import (
    _mappable,
    cleaned,
    mappable_fields,
    refuse_target,
    taken,
    username_field,
    username_is_free_to_choose,
    values_of,
)
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.types import (
    Claims,
    DesiredUser,
    DesiredValue,
    Note,
    Problem,
    RefusalReason,
    Source,
    SyncMode,
)
from tests.support.accounts.models import User
from tests.support.factories import UserFactory

CLAIMS = Claims(source=Source.SAML, external_id="ann")


def desired(problems: tuple[Problem, ...] = (), /, **values: Any) -> DesiredUser:
    fields = {name: DesiredValue(value=value) for name, value in values.items()}
    return DesiredUser(claims=CLAIMS, fields=MappingProxyType(fields), problems=problems)


# Mappable fields


def test_mappable_fields_are_the_editable_columns_of_the_user() -> None:
    assert set(mappable_fields()) == {
        "username",
        "first_name",
        "last_name",
        "email",
        "date_joined",
        "department",
        "job_title",
        "employee_number",
        "language",
        "born_on",
        "floor",
        "is_contractor",
    }


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("id", id="the primary key"),
        pytest.param("pk", id="the primary key by its other name"),
        pytest.param("badge", id="a field that is not editable"),
        pytest.param("mentor", id="a relation: another tenant's person might be at its end"),
        pytest.param("mentor_id", id="a relation's column"),
        pytest.param("groups", id="groups"),
        pytest.param("user_permissions", id="permissions"),
        pytest.param("is_superuser", id="superuser"),
        pytest.param("is_staff", id="staff"),
        pytest.param("is_active", id="active"),
        pytest.param("password", id="the password"),
        pytest.param("last_login", id="the last sign-in"),
        pytest.param("nickname", id="no field at all"),
        pytest.param("set_password", id="a method"),
        pytest.param("is_authenticated", id="a property"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_mapping_may_not_write_forbidden_fields(name: str) -> None:
    with pytest.raises(MappingError, match="may write"):
        refuse_target(name, mappable_fields())
    found = cleaned(desired(**{name: "x"}), mappable_fields())
    assert not found.fields
    assert found.notes == (Note.FIELD_NOT_MAPPABLE,)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(models.FileField(), id="a file"),
        pytest.param(models.ImageField(), id="a picture"),
        pytest.param(models.OneToOneField(User, on_delete=models.CASCADE), id="one to one"),
        pytest.param(models.AutoField(primary_key=True), id="a key that the database makes"),
        pytest.param(models.CharField(primary_key=True), id="a natural key"),
        pytest.param(models.DateTimeField(auto_now=True), id="a time that Django writes"),
        pytest.param(models.CharField(name="is_staff"), id="a forbidden name"),
    ],
)
def test_relations_and_files_are_not_mappable(field: Any) -> None:
    field.set_attributes_from_name(field.name or "field")

    assert not _mappable(field)


# Values


@pytest.mark.parametrize(
    ("field", "given", "stored"),
    [
        pytest.param("department", "Finance", "Finance", id="text"),
        pytest.param("department", "x" * 30, "x" * 30, id="the longest text"),
        pytest.param("department", "😀" * 30, "😀" * 30, id="four-byte characters, each one"),
        pytest.param("department", 7, "7", id="a number into text"),
        pytest.param("department", "", "", id="text emptied"),
        pytest.param("email", "ann@acme.example", "ann@acme.example", id="an e-mail address"),
        pytest.param("email", "", "", id="an e-mail address emptied"),
        pytest.param("language", "de", "de", id="a choice"),
        pytest.param("employee_number", "0042", "0042", id="what the validator allows"),
        pytest.param("employee_number", "", None, id="unique text emptied becomes NULL"),
        pytest.param("born_on", date(1990, 2, 3), date(1990, 2, 3), id="a date"),
        pytest.param("born_on", "1990-02-03", date(1990, 2, 3), id="a date as text"),
        pytest.param("born_on", "", None, id="a date emptied"),
        pytest.param("floor", 3, 3, id="a whole number"),
        pytest.param("floor", "-1", -1, id="a whole number as text"),
        pytest.param("floor", "", None, id="a number emptied"),
        pytest.param("is_contractor", True, True, id="a truth"),
        pytest.param("is_contractor", "True", True, id="a truth as text"),
        pytest.param("is_contractor", "0", False, id="an untruth as text"),
        pytest.param("is_contractor", "", False, id="a truth emptied becomes the default"),
    ],
)
def test_a_value_is_converted_to_what_its_field_stores(
    field: str, given: object, stored: object
) -> None:
    result = cleaned(desired(**{field: given}), mappable_fields())

    assert result.problems == ()
    assert result.fields[field].value == stored
    assert type(result.fields[field].value) is type(stored)


@pytest.mark.parametrize(
    ("field", "given", "codes"),
    [
        pytest.param("department", "x" * 31, "max_length", id="text that is too long is not cut"),
        pytest.param("language", "fr", "invalid_choice", id="none of the choices"),
        pytest.param("language", "DE", "invalid_choice", id="a choice in other letters"),
        pytest.param("language", "", "blank", id="a choice emptied where it may not be"),
        pytest.param("employee_number", "A42", "invalid", id="what the validator refuses"),
        pytest.param("employee_number", "A" * 11, "invalid, max_length", id="two things at once"),
        pytest.param("email", "ann", "invalid", id="no e-mail address"),
        pytest.param("born_on", "03.02.1990", "invalid", id="a date in another format"),
        pytest.param("born_on", "1990-02-30", "invalid_date", id="a day that never was"),
        pytest.param("floor", "third", "invalid", id="no number"),
        pytest.param("floor", "9" * 30, "max_value", id="a number that no column holds"),
        pytest.param("is_contractor", "maybe", "invalid", id="neither true nor false"),
        pytest.param(
            "is_contractor", "true", "invalid", id="a truth as XML writes it: there is a transform"
        ),
    ],
)
def test_a_refused_value_is_a_problem_without_the_value(field: str, given: str, codes: str) -> None:
    result = cleaned(desired(**{field: given}), mappable_fields())

    assert result.problems == (
        Problem(reason=RefusalReason.INVALID_VALUE, field=field, detail=codes),
    )
    assert field not in result.fields


@pytest.mark.parametrize("wish", ["ann archer", "", "ann#EXT#@acme.example", "x" * 500])
def test_a_user_name_is_not_cleaned(wish: str) -> None:
    assert cleaned(desired(username=wish), mappable_fields()) == desired(username=wish)


def test_other_values_and_earlier_problems_are_kept() -> None:
    before = Problem(reason=RefusalReason.REQUIRED_CLAIM_MISSING, field="last_name")

    result = cleaned(
        desired((before,), department="x" * 31, email="ann@acme.example"), mappable_fields()
    )

    assert [problem.field for problem in result.problems] == ["last_name", "department"]
    assert result.fields == {"email": DesiredValue(value="ann@acme.example")}


def test_the_sync_mode_of_a_value_is_kept() -> None:
    wanted = DesiredValue(value="3", sync=SyncMode.IF_EMPTY)

    result = cleaned(DesiredUser(claims=CLAIMS, fields={"floor": wanted}), mappable_fields())

    assert result.fields["floor"] == DesiredValue(value=3, sync=SyncMode.IF_EMPTY)


# User names, present values and unique values


def test_a_text_user_name_may_be_generated() -> None:
    assert username_field().name == "username"
    assert username_is_free_to_choose()


def test_present_values_are_read_from_the_user() -> None:
    ann = User(first_name="Ann", floor=3)

    assert values_of(ann, ["first_name", "floor"]) == {"first_name": "Ann", "floor": 3}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wanted", "fields"),
    [
        pytest.param({"employee_number": "42"}, {"employee_number"}, id="a value that is taken"),
        pytest.param({"employee_number": "43"}, set(), id="a value that is free"),
        pytest.param({"employee_number": None}, set(), id="NULL is nobody's"),
        pytest.param({"username": "bob"}, {"username"}, id="a user name that is taken"),
        pytest.param({"username": ""}, set(), id="empty text is nobody's"),
        pytest.param({"email": "bob@acme.example"}, set(), id="a field that is not unique"),
        pytest.param(
            {"username": "bob", "employee_number": "42", "floor": 3},
            {"username", "employee_number"},
            id="several",
        ),
        pytest.param({}, set(), id="nothing"),
    ],
)
def test_taken_returns_the_unique_fields_of_other_users(
    wanted: dict[str, Any], fields: set[str]
) -> None:
    bob = UserFactory.create(username="bob", employee_number="42", email="bob@acme.example")
    UserFactory.create()

    assert taken(wanted, except_for=None) == fields
    assert taken(wanted, except_for=UserFactory.create().pk) == fields
    assert taken(wanted, except_for=bob.pk) == set()
