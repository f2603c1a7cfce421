"""Tell values apart that must belong to one person, as people read them: without case, and in one form of Unicode.

``ADMIN`` beside ``admin`` is another user name to most databases and the same to everybody who reads it. They are told
apart by keys that an index serves, so that looking costs the same with a million people.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import cache
from typing import Any, TypeAlias

from django.contrib.auth import get_user_model
from django.contrib.auth.base_user import AbstractBaseUser
from django.db.models import EmailField, F, Field, Index, Q, QuerySet, UniqueConstraint
from django.db.models.functions import Lower, Upper

UserField: TypeAlias = "Field[Any, Any]"

_WITHOUT_CASE: dict[type, Callable[[str], str]] = {Lower: str.lower, Upper: str.upper}


def is_name(field: UserField) -> bool:
    """Say whether people read a user field as a name of theirs: the user name, and e-mail addresses."""
    user_model = get_user_model()
    names = {user_model.USERNAME_FIELD, user_model.get_email_field_name()}
    return field.name in names or isinstance(field, EmailField)


def is_unique(field: UserField) -> bool:
    """Say whether no two people may have the same value in a user field, by itself or by a constraint on it alone."""
    return field.unique or any(
        isinstance(one, UniqueConstraint)
        and one.condition is None
        and (tuple(one.fields) == (field.name,) or _expression_of(one, field))
        for one in get_user_model()._meta.constraints
    )


def spellings(field: UserField, value: str) -> frozenset[str]:
    """Return a value as it is, as the host's user model writes it, in lower case, and each in Unicode's form NFKC."""
    written = {value, as_the_host_writes(field, value)}
    composed = {unicodedata.normalize("NFKC", one) for one in written}
    return frozenset({*written, *composed, *(one.lower() for one in written | composed)})


def as_the_host_writes(field: UserField, value: str) -> str:
    """Return a name as the forms of Django's admin store it: by the normal forms of the host's model and manager."""
    user_model: Any = get_user_model()
    if field.name == user_model.USERNAME_FIELD:
        value = str(user_model.normalize_username(value))
    if isinstance(field, EmailField):
        # Django's own lower-cases what stands behind the @; a host's may do more.
        normalize = getattr(user_model._default_manager, "normalize_email", str)
        value = str(normalize(value))
    return value


def holders(field: UserField, value: Any) -> QuerySet[AbstractBaseUser]:
    """Return the people who have a value in a user field; of a name, also those who spell it alike.

    Where the host has an index of the field in lower or upper case, whoever differs in case only is found. Without
    one, those who spell it as :func:`spellings` does.
    """
    # All people: a default manager may hide some, whose values are taken all the same.
    people: QuerySet[Any] = get_user_model()._base_manager.all()  # noqa: SLF001 -- a public name of Django's
    if not (is_name(field) and isinstance(value, str)):
        return people.filter(**{field.name: value})
    alike = spellings(field, value)
    condition = Q(**{f"{field.name}__in": alike})
    if expression := indexed_without_case(field):
        people = people.alias(_jitprov_spelling=expression(F(field.name)))
        condition |= Q(_jitprov_spelling__in={_WITHOUT_CASE[expression](one) for one in alike})
    return people.filter(condition)


@cache
def indexed_without_case(field: UserField) -> type | None:
    """Return the function, ``Lower`` or ``Upper``, in which the host has an index of a user field alone."""
    meta = get_user_model()._meta
    return next(
        filter(None, (_expression_of(one, field) for one in (*meta.constraints, *meta.indexes))),
        None,
    )


def _expression_of(constraint: object, field: UserField) -> type | None:
    """Return the function of a unique constraint or index that is of a field alone and of all rows."""
    if not isinstance(constraint, (UniqueConstraint, Index)) or constraint.condition is not None:
        return None
    expressions: tuple[Any, ...] = getattr(constraint, "expressions", ())
    if len(expressions) != 1:
        return None
    # An index may give it an order or a collation.
    parts = expressions[0].flatten() if hasattr(expressions[0], "flatten") else ()
    found = next((one for one in parts if type(one) in _WITHOUT_CASE), None)
    if found is None or found.get_source_expressions() != [F(field.name)]:
        return None
    return type(found)
