"""Ask the host's user model about an account before it is written, as a form of the host's would."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import CharField, TextField, UniqueConstraint
from django.db.models.manager import BaseManager

from jitprov.host.provisioner import Provisioner
from jitprov.models import accounts_database
from jitprov.provisioning.types import Create, RefusalReason, Refuse


def objection_to_new(host: Provisioner, create: Create) -> Refuse | None:
    """Return the refusal of an account that the user model would not take; ``None`` if it would, or if nobody knows.

    A host that writes new accounts itself, and does not say how they begin, is not asked: what it fills is not known.
    """
    if writes_itself(type(host)):
        return None
    user = host.new_user(create)
    mapped = create.changes.fields.keys()
    return (
        _objection(lambda: user.clean_fields(exclude=_may_be_blank(user, mapped)))
        or _objection(user.clean)
        or _objection(lambda: _meet_constraints(user))
    )


def objection_to_change(user: AbstractBaseUser, changes: Mapping[str, Any]) -> Refuse | None:
    """Return the refusal of new values that the user model would not take. Fields that do not change are not judged."""
    changed = copy.copy(user)
    for name, value in changes.items():
        setattr(changed, name, value)
    others = {field.name for field in user._meta.concrete_fields} - changes.keys()
    return _objection(lambda: changed.clean_fields(exclude=others)) or _objection(
        lambda: _meet_constraints(changed)
    )


def is_hidden(user: AbstractBaseUser) -> bool:
    """Say whether the user model's default manager leaves an account out, such as one that was marked as deleted.

    Django looks people up by that manager at every request. One SQL statement, only for a manager that may hide any.
    """
    manager = type(user)._default_manager
    if type(manager).get_queryset is BaseManager.get_queryset:
        return False
    return not manager.using(accounts_database()).filter(pk=user.pk).exists()


def required_columns(user_model: type[AbstractBaseUser]) -> list[str]:
    """Return the columns that must be filled, and that neither the model, the database nor an empty text fills."""
    return [
        field.name
        for field in user_model._meta.concrete_fields
        if not field.null
        and not field.blank
        and not field.primary_key
        and not field.has_default()
        and not field.has_db_default()
        and not isinstance(field, (CharField, TextField))
    ]


def writes_itself(host: type[Provisioner]) -> bool:
    """Say whether a host writes new accounts itself, and does not say how they begin."""
    return host.create_user is not Provisioner.create_user and host.new_user is Provisioner.new_user


def _may_be_blank(user: AbstractBaseUser, mapped: Iterable[str]) -> set[str]:
    """Return the text fields that no mapping fills: they are written empty, as ``create_user()`` writes them."""
    return {
        field.name
        for field in user._meta.concrete_fields
        if isinstance(field, (CharField, TextField))
        and field.name not in mapped
        and getattr(user, field.attname) == ""
    }


def _objection(ask: Callable[[], object]) -> Refuse | None:
    try:
        ask()
    except ValidationError as error:
        fields = set(getattr(error, "error_dict", ())) - {NON_FIELD_ERRORS}
        return Refuse(reason=RefusalReason.ACCOUNT_INVALID, fields=tuple(sorted(fields)))
    return None


def _meet_constraints(user: AbstractBaseUser) -> None:
    """Raise :class:`ValidationError` where a constraint would refuse the row; whether it is unique is another question."""
    for constraint in user._meta.constraints:
        if not isinstance(constraint, UniqueConstraint):
            constraint.validate(type(user), user)
