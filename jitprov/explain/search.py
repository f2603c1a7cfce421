"""Who is meant, by what people know of one another."""

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
    """Return the user with this primary key, whatever kind of key users have."""
    try:
        return get_user_model()._default_manager.filter(pk=key).first()
    except (OverflowError, ValidationError, ValueError):
        return None


def matching_names(text: str, lookup: str) -> Q:
    """Match users by user name and e-mail address, as far as the host's user model has them."""
    names = (get_user_model().USERNAME_FIELD, get_user_model().get_email_field_name())
    known = (Q(**{f"{name}__{lookup}": text}) for name in dict.fromkeys(names) if _is_field(name))
    return reduce(or_, known)


def find_users(text: str, scope: Scope) -> list[Any]:
    """Return whom a primary key, or else a user name or an e-mail address, may mean within the scope; a few at most."""
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
