"""The host's user model as the target of a mapping: the fields that may be written, and the values they accept."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from django.conf import settings  # noqa: TID251 -- USE_TZ is Django's setting, not one of ours
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import CharField, EmailField, Field, FileField, QuerySet, TextField
from django.utils import timezone

from jitprov.conf import conf
from jitprov.provisioning.mapping import FORBIDDEN_TARGETS
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.types import DesiredUser, DesiredValue, Problem, RefusalReason

UserField: TypeAlias = "Field[Any, Any]"


def mappable_fields() -> Mapping[str, UserField]:
    """Return the user fields that a mapping may write, by name.

    Relations are left out, although they are editable: a tenant's directory could otherwise point its people at another
    tenant's rows. Files are left out too. ``JITPROV_MAPPABLE_FIELDS`` may leave out more.
    """
    return _mappable_fields(get_user_model()._meta.concrete_fields, conf.MAPPABLE_FIELDS)


@lru_cache(maxsize=8)
def _mappable_fields(
    fields: tuple[UserField, ...], allowed: tuple[str, ...] | None
) -> Mapping[str, UserField]:
    return MappingProxyType(
        {
            field.name: field
            for field in fields
            if _mappable(field) and (allowed is None or field.name in allowed)
        }
    )


def _mappable(field: UserField) -> bool:
    return (
        field.editable
        and not field.primary_key
        and not field.is_relation
        and not isinstance(field, FileField)
        and field.name not in FORBIDDEN_TARGETS
    )


def refuse_target(name: str) -> None:
    """Raise :class:`MappingError` unless a mapping may write this user field."""
    if name not in mappable_fields():
        raise MappingError(MappingProblem.UNMAPPABLE_TARGET, field=name)


def label_of(name: str) -> str:
    """Return the label of a user field; its name if the field no longer exists."""
    try:
        return str(getattr(get_user_model()._meta.get_field(name), "verbose_name", name))
    except FieldDoesNotExist:
        return name


def username_field() -> UserField:
    """Return the field that ``USERNAME_FIELD`` names."""
    user_model = get_user_model()
    return cast("UserField", user_model._meta.get_field(user_model.USERNAME_FIELD))


def username_is_free_to_choose() -> bool:
    """Say whether we may generate user names: not if the host signs people in by e-mail address."""
    field = username_field()
    return isinstance(field, CharField) and not isinstance(field, EmailField)


def cleaned(desired: DesiredUser) -> DesiredUser:
    """Return the desired user with clean values, and with a problem for each value that its field refuses.

    The host's types, choices, lengths and validators apply; nothing is cut or guessed. Only a user name that we may
    generate is not cleaned here: it is made to fit later.

    :raises MappingError: a rule aims at a field that no mapping may write.
    """
    fields = mappable_fields()
    to_be_settled = username_field().name if username_is_free_to_choose() else None
    values: dict[str, DesiredValue] = {}
    problems = list(desired.problems)
    for name, wanted in desired.fields.items():
        if name not in fields:
            refuse_target(name)
        if name == to_be_settled:
            values[name] = wanted
            continue
        try:
            values[name] = replace(wanted, value=_clean(fields[name], wanted.value))
        except ValidationError as error:
            problems.append(_invalid(name, error))
    return replace(desired, fields=MappingProxyType(values), problems=tuple(problems))


def _clean(field: UserField, value: Any) -> Any:
    if value == "":
        value = _empty_value(field)
    try:
        return _storable(field.clean(value, None))
    except (ArithmeticError, TypeError, ValueError) as error:
        # Some fields raise these, such as a DurationField for a duration that is too long.
        raise ValidationError("not storable", code="invalid") from error


def _storable(value: Any) -> Any:
    """Return a value that the database can store and return.

    :raises ValueError: it cannot store the value.
    """
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("not a number")
    if not isinstance(value, datetime):
        return value
    aware = timezone.make_aware(value) if timezone.is_naive(value) else value
    # In UTC, as databases store it, and a day from either end of time, so that every time zone can show it.
    utc = aware.astimezone(UTC)
    _ = utc - timedelta(days=1), utc + timedelta(days=1)
    return utc if settings.USE_TZ else timezone.make_naive(utc)


def _empty_value(field: UserField) -> Any:
    """Return the value of an emptied field: NULL if the field allows it, unless Django stores ``""`` for it."""
    if isinstance(field, (CharField, TextField)) and not (field.null and field.unique):
        return ""
    return None if field.null else field.get_default()


def _invalid(name: str, error: ValidationError) -> Problem:
    # The codes only, because messages quote the value.
    codes = ", ".join(sorted({item.code or "invalid" for item in error.error_list}))
    return Problem(reason=RefusalReason.INVALID_VALUE, field=name, detail=codes)


def values_of(user: AbstractBaseUser, names: Iterable[str]) -> Mapping[str, Any]:
    """Return the present values of some user fields."""
    return MappingProxyType({name: getattr(user, name) for name in names})


def taken(wanted: Mapping[str, Any], *, except_for: Any) -> frozenset[str]:
    """Return the unique fields whose wanted value another user has. One SQL statement for each unique field.

    :param except_for: primary key of the person themselves, or ``None``.
    """
    fields = mappable_fields() if wanted else {}
    return frozenset(
        name
        for name, value in wanted.items()
        if fields[name].unique
        and value not in (None, "")
        and _others(except_for).filter(**{name: value}).exists()
    )


def _others(pk: Any) -> QuerySet[AbstractBaseUser]:
    """Return everybody but one. Made only where a value has to be looked for: it costs as much as a look-up."""
    return get_user_model()._default_manager.exclude(pk=pk)
