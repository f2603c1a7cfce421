"""No index is written that another one makes needless: each costs every import and every sign-in."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, models

pytestmark = pytest.mark.django_db

MODELS = tuple(apps.get_app_config("jitprov").get_models())


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_foreign_key_has_an_index_that_another_index_begins_with(
    model: type[models.Model],
) -> None:
    keys = [field.column for field in model._meta.concrete_fields if field.is_relation]
    indexes = _indexes(model._meta.db_table)

    needless = {
        name: other
        for name, columns in indexes.items()
        for other, others in indexes.items()
        if columns[0] in keys and columns == others[: len(columns)] and name != other
    }

    assert not needless


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_foreign_key_begins_an_index(model: type[models.Model]) -> None:
    keys = {field.column for field in model._meta.concrete_fields if field.is_relation}

    assert keys <= {columns[0] for columns in _indexes(model._meta.db_table).values()}


def _indexes(table: str) -> dict[str, list[str]]:
    """Return the columns of each index, by its name. SQLite's are also those of its constraints."""
    with connection.cursor() as cursor:
        constraints = connection.introspection.get_constraints(cursor, table)
    return {
        name: one["columns"]
        for name, one in constraints.items()
        if one["columns"] and (one["index"] or one["unique"] or one["primary_key"])
    }
