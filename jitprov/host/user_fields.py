"""The host's user model as the target of a mapping: the fields that may be written, and the values they accept."""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType
from typing import Any, cast

from django.conf import settings  # noqa: TID251 -- USE_TZ is Django's setting, not one of ours
from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import CharField, EmailField, FileField, Q, TextField
from django.utils import timezone

from jitprov.conf import conf
from jitprov.host.spellings import UserField, as_the_host_writes, holders, is_unique
from jitprov.provisioning.mapping import FORBIDDEN_TARGETS
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.types import (
    DesiredUser,
    DesiredValue,
    Note,
    Problem,
    RefusalReason,
    TraceStep,
    WhenInvalid,
)


def mappable_fields() -> Mapping[str, UserField]:
    """Return the user fields that a mapping may write, by name.

    Relations are left out, although they are editable: a tenant's directory could otherwise point its people at another
    tenant's rows. Files are left out too. ``JITPROV_MAPPABLE_FIELDS`` names those that are left; without it they are the
    standard ones.
    """
    user_model = get_user_model()
    allowed = conf.MAPPABLE_FIELDS
    if allowed is None:
        allowed = ("first_name", "last_name", *_naming_fields(user_model))
    return _mappable_fields(user_model._meta.concrete_fields, allowed)


def _naming_fields(user_model: Any) -> tuple[str, str]:
    return user_model.USERNAME_FIELD, user_model.get_email_field_name()


@lru_cache(maxsize=8)
def _mappable_fields(
    fields: tuple[UserField, ...], allowed: tuple[str, ...]
) -> Mapping[str, UserField]:
    return MappingProxyType(
        {field.name: field for field in fields if _mappable(field) and field.name in allowed}
    )


def could_be_mapped() -> Mapping[str, UserField]:
    """Return the user fields that the host may allow tenants to map to, by name."""
    fields = get_user_model()._meta.concrete_fields
    return _mappable_fields(fields, tuple(field.name for field in fields))


def _mappable(field: UserField) -> bool:
    return (
        field.editable
        and not field.primary_key
        and not field.is_relation
        and not isinstance(field, FileField)
        and field.name not in FORBIDDEN_TARGETS
    )


def refuse_target(name: str, fields: Container[str]) -> None:
    """Raise :class:`MappingError` unless a user field is among those that a mapping may write."""
    if name not in fields:
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


def cleaned(desired: DesiredUser, fields: Mapping[str, UserField]) -> DesiredUser:
    """Return the desired user with clean values, and with a problem for each value that its field refuses.

    The host's types, choices, lengths and validators apply; nothing is cut or guessed. An optional value that does not
    fit is kept out or makes the field empty, with a note, where its mapping says so. Only a user name that we may
    generate is not cleaned here: it is made to fit later. A field that the host does not let mappings write is left
    out, with a note: what it allows may have changed since the mapping was made.

    :param fields: those that mappings may write.
    """
    to_be_settled = username_field().name if username_is_free_to_choose() else None
    work = _Cleaning(fields=fields)
    for name, wanted in desired.fields.items():
        if name == to_be_settled and name in fields:
            work.values[name] = wanted
        elif name in fields:
            work.clean(name, wanted)
    left_alone = {step.target for step in desired.trace} - fields.keys()
    unfit = (*_without(left_alone, desired.unfit), *work.unfit)
    notes = desired.notes
    if unfit:
        notes = (*notes, Note.VALUE_NOT_USABLE)
    if not desired.fields.keys() <= fields.keys():
        notes = (*notes, Note.FIELD_NOT_MAPPABLE)
    return replace(
        desired,
        fields=MappingProxyType(work.values),
        problems=(*_without(left_alone, desired.problems), *work.problems),
        unfit=unfit,
        notes=notes,
        trace=work.corrected(desired.trace),
    )


@dataclass(slots=True, kw_only=True)
class _Cleaning:
    """The wanted values while their fields are asked."""

    fields: Mapping[str, UserField]
    values: dict[str, DesiredValue] = dataclass_field(default_factory=dict)
    problems: list[Problem] = dataclass_field(default_factory=list)
    unfit: list[Problem] = dataclass_field(default_factory=list)
    outcomes: dict[str, str] = dataclass_field(default_factory=dict)
    """The outcomes that differ from those that the mapping alone had."""

    def clean(self, name: str, wanted: DesiredValue) -> None:
        """Keep the value as its field stores it, or do what the mapping says about one that does not fit."""
        try:
            self.values[name] = replace(wanted, value=_clean(self.fields[name], wanted.value))
        except ValidationError as error:
            self._replace_unfit(name, wanted, _invalid(name, error))

    def corrected(self, trace: tuple[TraceStep, ...]) -> tuple[TraceStep, ...]:
        """Return the trace with the outcomes that values had because they did not fit."""
        if not self.outcomes:
            return trace
        return tuple(
            replace(step, outcome=self.outcomes.get(step.target, step.outcome)) for step in trace
        )

    def _replace_unfit(self, name: str, wanted: DesiredValue, problem: Problem) -> None:
        if wanted.when_invalid is WhenInvalid.KEEP:
            self.unfit.append(problem)
            self.outcomes[name] = "keep"
            return
        if wanted.when_invalid is WhenInvalid.CLEAR and wanted.value != "":
            with suppress(ValidationError):
                self.values[name] = replace(wanted, value=_clean(self.fields[name], ""))
                self.unfit.append(problem)
                self.outcomes[name] = "clear"
                return
        # To be refused; or it was to be emptied, and the field must not be empty.
        self.problems.append(problem)


def _without(targets: Container[str], problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(problem for problem in problems if problem.field not in targets)


def _clean(field: UserField, value: Any) -> Any:
    if value == "":
        value = _empty_value(field)
    try:
        value = _storable(field.clean(value, None))
        return as_the_host_writes(field, value) if isinstance(value, str) else value
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


def taken(wanted: Mapping[str, Any], *, except_for: Any, among: Q | None = None) -> frozenset[str]:
    """Return the unique fields whose wanted value another user has. One SQL statement for each unique field.

    :param except_for: primary key of the person themselves, or ``None``.
    :param among: which people are looked at; ``None`` for all.
    """
    fields = could_be_mapped() if wanted else {}
    return frozenset(
        name
        for name, value in wanted.items()
        if is_unique(fields[name])
        and value not in (None, "")
        and has_others(fields[name], value, except_for=except_for, among=among)
    )


def has_others(field: UserField, value: Any, *, except_for: Any, among: Q | None = None) -> bool:
    """Say whether somebody else has a value, or spells a name alike."""
    return holders(field, value).filter(among or Q()).exclude(pk=except_for).exists()
