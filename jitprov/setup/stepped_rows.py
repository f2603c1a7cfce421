"""Rows of a table whose values go through steps: claim mappings and group mappings."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.steps import parse_transforms
from jitprov.setup.rows import RowForm
from jitprov.setup.transforms import StepForm, step_forms


class _Steps(forms.Widget):
    """A widget that stands for the steps, which have forms of their own and are never left out of a post."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> None:
        return None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False


class _StepsField(forms.Field):
    """The field that stands for the steps. The row compares them itself."""

    widget = _Steps

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class SteppedRowForm(RowForm):
    """A row with steps."""

    transforms = _StepsField(label=_("Steps"), required=False)
    for_groups = False
    """Whether only those steps are offered that groups may have."""

    def __init__(self, *args: Any, more_steps_for: str = "", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._stored = self.instance.transforms or []
        self.steps: list[StepForm] = step_forms(
            f"{self.prefix}-steps",
            self._stored,
            self.data if self.is_bound else None,
            quiet=self.quiet,
            one_more=more_steps_for == self.prefix,
            for_groups=self.for_groups,
        )

    @property
    def is_open(self) -> bool:
        """Say whether the row is unfolded, also because a step was added or removed."""
        return super().is_open or len(self.steps) != len(self._stored)

    def has_changed(self) -> bool:
        if self.instance.pk is not None:
            return super().has_changed() or self._kept_or_new(self._rows_of_steps()) != self._stored
        return any(one.spec for one in self.steps)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        # A list, so that every step is validated and each shows its own errors.
        if not all([step.is_valid() for step in self.steps]):  # noqa: C419
            self.add_error("transforms", _("One of the steps is not right yet."))
        cleaned["transforms"] = self._kept_or_new(self._rows_of_steps())
        return cleaned

    def _kept_or_new(self, steps: list[dict[str, Any]]) -> Any:
        """Return the stored steps if they mean the same, so that a row that nobody changed does not differ."""
        try:
            return (
                self._stored if parse_transforms(steps) == parse_transforms(self._stored) else steps
            )
        except MappingError:
            return steps

    def _rows_of_steps(self) -> list[dict[str, Any]]:
        return [row for row in (step.as_row() for step in self.steps) if row is not None]
