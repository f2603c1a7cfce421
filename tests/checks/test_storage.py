"""A table that cannot store every character is named, with what to do."""

from __future__ import annotations

import pytest
from django.core.checks import run_checks
from django.db import connection

from jitprov.checks.storage import CHARACTERS_MISSING

TABLE = "jitprov_observedclaim"


def warnings() -> list[str]:
    found = run_checks(tags=["jitprov"], databases=["default"])
    return [message.msg for message in found if message.id == CHARACTERS_MISSING]


@pytest.mark.django_db
def test_tables_that_store_every_character_are_not_named() -> None:
    assert warnings() == []


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(connection.vendor != "mysql", reason="only MariaDB has a set for each table")
@pytest.mark.parametrize("characters", ["latin1", "utf8mb3"])
def test_a_table_with_an_older_character_set_is_named(characters: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {TABLE} CONVERT TO CHARACTER SET {characters}")
        try:
            [text] = warnings()
        finally:
            cursor.execute(f"ALTER TABLE {TABLE} CONVERT TO CHARACTER SET utf8mb4")

    assert TABLE in text
