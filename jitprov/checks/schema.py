"""Compare the tables with the settings that decided them: a foreign key of ours must lead to the host's models of now.

A tenant model that is named after the first ``migrate`` changes no table. Numbers would then be looked up in the wrong
one, and one customer's sign-in would be another's. So nothing of ours is read before the tables were compared.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import RLock
from typing import Any, cast

from django.apps import apps
from django.conf import settings  # noqa: TID251 -- AUTH_USER_MODEL is Django's setting
from django.core.checks import CheckMessage, Error, Tags, register
from django.db import DatabaseError, connections
from django.db.backends.signals import connection_created
from django.db.models import ForeignKey

from jitprov.conf import conf
from jitprov.exceptions import ConfigurationError
from jitprov.models import TenantAdministrator, accounts_database

REFERS_ELSEWHERE = "jitprov.E015"

_compared: dict[str, list[str]] = {}
"""What was found, by alias. Each process compares once."""
_COMPARING = RLock()


def listen() -> None:
    """Compare the tables when the first connection is made, and let no statement of ours pass if they are others."""
    connection_created.connect(_guard, dispatch_uid="jitprov.checks.schema")


@register("jitprov", Tags.database)
def check_schema(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Require that the tables refer to the tenants and users of the settings."""
    alias = accounts_database()
    if alias not in (databases or ()):
        return []
    connections[alias].ensure_connection()
    return [
        Error(f"{problem}.", hint=_HINT, id=REFERS_ELSEWHERE) for problem in _differences(alias)
    ]


_HINT = (
    "Set it back to what it was at the first migrate. To change it for good, migrate jitprov to zero, which deletes all "
    "of its rows, set it, and migrate again."
)


def _guard(connection: Any, **_: Any) -> None:
    if connection.alias != accounts_database():
        return
    with _COMPARING:  # no thread reads anything while another one compares
        if connection.alias not in _compared:
            _compared[connection.alias] = _differences(connection.alias)
    if found := _compared[connection.alias]:
        connection.execute_wrappers.append(_refusing("; ".join(found)))


def _refusing(problem: str) -> Callable[..., Any]:
    def refuse(execute: Callable[..., Any], sql: str, *rest: Any) -> Any:
        if any(model._meta.db_table in sql for model in _our_models()):
            raise ConfigurationError(problem)
        return execute(sql, *rest)

    return refuse


def _our_models() -> list[Any]:
    return [
        model for model in apps.get_app_config("jitprov").get_models() if not model._meta.swapped
    ]


def _differences(alias: str) -> list[str]:
    """Return for each setting that names another table than ours refer to what is wrong. One SQL statement."""
    table = TenantAdministrator._meta.db_table
    connection = connections[alias]
    try:
        with connection.cursor() as cursor:
            with_wrappers, connection.execute_wrappers = connection.execute_wrappers, []
            try:
                found = connection.introspection.get_relations(cursor, table)
            finally:
                connection.execute_wrappers = with_wrappers
    except DatabaseError:
        return []  # whoever uses the tables will be told
    return [
        f"{setting} is {named}, and the tables of jitprov were made for another: they refer to {refers_to}"
        for setting, named, column, wanted in _wanted()
        if column in found and (refers_to := found[column][1]).lower() != wanted.lower()
    ]


def _wanted() -> list[tuple[str, str, str, str]]:
    return [
        (setting, named, *_reference(field))
        for setting, named, field in (
            ("JITPROV_TENANT_MODEL", conf.TENANT_MODEL, "tenant"),
            ("AUTH_USER_MODEL", settings.AUTH_USER_MODEL, "user"),
        )
    ]


def _reference(name: str) -> tuple[str, str]:
    """Return the column of a foreign key, and the table that it should lead to."""
    field = cast("ForeignKey[Any, Any]", TenantAdministrator._meta.get_field(name))
    return field.column, field.related_model._meta.db_table
