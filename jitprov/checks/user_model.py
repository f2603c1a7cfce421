"""Check the host's user model: what a sign-in cannot fill, and what people could spell in two ways."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.core.checks import CheckMessage, Warning, register  # noqa: A004 -- Django's own name

from jitprov.exceptions import JitprovError
from jitprov.host.account_rules import required_columns, writes_itself
from jitprov.host.provisioner import Provisioner, provisioner_class
from jitprov.host.spellings import indexed_without_case
from jitprov.host.user_fields import username_field

COLUMN_NOT_FILLED = "jitprov.W022"
USERNAMES_WITH_CASE = "jitprov.W023"

_SHIPPED = "django.contrib.auth.models"
"""Nobody can add an index to Django's own user model."""


@register("jitprov")
def check_required_columns(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn of columns that must be filled where nothing that we know of fills them."""
    try:
        host: Any = provisioner_class()
    except (ImportError, JitprovError):
        return []  # check_provisioner reports it
    if not (isinstance(host, type) and issubclass(host, Provisioner)):
        return []  # the same
    if writes_itself(host) or host.new_user is not Provisioner.new_user:
        return []
    columns = required_columns(get_user_model())
    if not columns:
        return []
    return [
        Warning(
            f"New accounts need a value in {', '.join(columns)}, and nothing fills it: new people are refused.",
            hint=(
                "Fill it in Provisioner.new_user, give the column a default, or have every tenant map a claim to it and "
                "silence this."
            ),
            id=COLUMN_NOT_FILLED,
        )
    ]


@register("jitprov", deploy=True)
def check_user_names(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Recommend an index without case on the user name of the host's own user model."""
    user_model = get_user_model()
    field = username_field()
    if user_model.__module__ == _SHIPPED or indexed_without_case(field):
        return []
    return [
        Warning(
            f"No index of {user_model.__name__}.{field.name} is without case.",
            hint=(
                f'Add UniqueConstraint(Lower("{field.name}"), name=...) to its Meta.constraints. Without it a new name is '
                "compared as it is, in lower case and in Unicode's form NFKC, so that Ann is still free where only ANN is "
                "there. Where your database's collation ignores case, silence this."
            ),
            id=USERNAMES_WITH_CASE,
        )
    ]
