"""Define a column that is only ever counted up, by a statement of its own."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F


class Counter(models.PositiveIntegerField):  # type: ignore[type-arg]  # has no parameters at run time
    """A number that saving a row leaves as it is: the row may have been read before somebody counted."""

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:
        return super().pre_save(model_instance, add) if add else F(self.attname)

    def deconstruct(self) -> Any:
        """Tell migrations that this is a usual column."""
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.PositiveIntegerField", args, kwargs
