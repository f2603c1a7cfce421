"""Find users by primary key, user name or e-mail address."""

from __future__ import annotations

from functools import reduce
from operator import or_
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import Q

from jitprov.scope import Scope

MAX_FOUND = 20


def user_by_key(key: str) -> Any | None:
    """Return the user with this primary key, of whatever type keys are; ``None`` if there is none."""
    try:
        return get_user_model()._default_manager.filter(pk=key).first()
    except (OverflowError, ValidationError, ValueError):
        return None


def matching_names(text: str, lookup: str) -> Q:
    """Return a condition on user name and e-mail address, on those of them that the host's user model has."""
    names = (get_user_model().USERNAME_FIELD, get_user_model().get_email_field_name())
    known = (Q(**{f"{name}__{lookup}": text}) for name in dict.fromkeys(names) if _is_field(name))
    return reduce(or_, known)


def find_users(text: str, scope: Scope) -> list[Any]:
    """Return the users in scope with this primary key, or else with this user name or e-mail address."""
    if not text.strip():
        return []
    users = get_user_model()._default_manager.all()
    by_key = user_by_key(text)
    if by_key is not None:
        return list(scope.limit(users.filter(pk=by_key.pk)))
    return list(
        scope.limit(users.filter(matching_names(text, "iexact"))).order_by("pk")[:MAX_FOUND]
    )


def _is_field(name: str) -> bool:
    try:
        return bool(get_user_model()._meta.get_field(name))
    except FieldDoesNotExist:
        return False
