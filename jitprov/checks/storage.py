"""Check that the tables can store every character: on MariaDB a table may have an older character set.

A name with an emoji, or a letter of an alphabet that the set lacks, would end a sign-in in an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.apps import apps
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 -- Django's name for it
from django.db import connections

from jitprov.models import accounts_database

CHARACTERS_MISSING = "jitprov.W020"
_COLUMNS = """
SELECT DISTINCT table_name FROM information_schema.columns
WHERE table_schema = DATABASE() AND character_set_name IS NOT NULL AND character_set_name <> 'utf8mb4'
"""


@register("jitprov", Tags.database)
def check_character_sets(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Warn of tables of ours that cannot store every character."""
    alias = accounts_database()
    if alias not in (databases or ()) or connections[alias].vendor != "mysql":
        return []
    with connections[alias].cursor() as cursor:
        cursor.execute(_COLUMNS)
        found = {str(name) for (name,) in cursor.fetchall()}
    ours = {model._meta.db_table for model in apps.get_app_config("jitprov").get_models()}
    return [_warning(sorted(found & ours))] if found & ours else []


def _warning(tables: Sequence[str]) -> CheckMessage:
    return Warning(
        f"Tables cannot store every character, because their character set is not utf8mb4: {', '.join(tables)}.",
        hint=(
            "For each of them and for the table of users: ALTER TABLE name CONVERT TO CHARACTER SET utf8mb4. "
            "ALTER DATABASE name CHARACTER SET utf8mb4 is for tables that are still to come."
        ),
        id=CHARACTERS_MISSING,
    )
