"""Base classes for tables of rows of one identity provider, with a button that adds a row without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.utils import ErrorDict, ErrorList
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.problems import RowProblem


class RowForm(forms.ModelForm):
    """One row. While ``quiet``, because somebody is still adding rows, it shows no errors."""

    error_css_class = "errors"

    def __init__(self, *args: Any, quiet: bool = False, **kwargs: Any) -> None:
        self.quiet = quiet
        self.remarks: list[Any] = []
        super().__init__(*args, **kwargs)

    def judge(self) -> None:
        """Write what was typed into the row, as far as it can be read.

        :raises ValidationError: by field.
        """
        raise NotImplementedError

    def _post_clean(self) -> None:
        """Let the use case judge the row, instead of the model. What could not be read has its error already."""
        try:
            self.judge()
        except ValidationError as error:
            known = set(super().errors)
            for field, errors in error.error_dict.items():
                if field not in known:
                    self.add_error(field or None, ValidationError(errors))

    @property
    def errors(self) -> ErrorDict:
        return ErrorDict() if self.quiet else super().errors

    @property
    def number(self) -> str:
        """Return the number of the row, counted from 1."""
        last = str(self.prefix).rpartition("-")[2]
        return str(int(last) + 1) if last.isdigit() else ""


class RowFormSet(forms.BaseInlineFormSet):
    """The rows of one identity provider. Primary keys of other rows are refused."""

    most = 200
    """Rows that one page shows and accepts."""

    def get_queryset(self) -> Any:
        """Return the rows that are shown, read from the database once."""
        if not hasattr(self, "_shown"):
            self._shown = super().get_queryset()[: self.most]
        return self._shown

    @property
    def left_out(self) -> int:
        """Return how many rows are not shown."""
        if len(self.get_queryset()) < self.most:
            return 0
        everything: int = super().get_queryset().count()
        return everything - self.most

    def add_fields(self, form: Any, index: int | None) -> None:
        """Make the primary key a plain number field: Django's own would need a SQL statement for each row."""
        super().add_fields(form, index)
        key = form._meta.model._meta.pk.name
        form.fields[key] = forms.IntegerField(
            required=False, widget=forms.HiddenInput, initial=form.instance.pk
        )
        if DELETION_FIELD_NAME in form.fields:
            form.fields[DELETION_FIELD_NAME].label = _("Remove this row when saving")

    def non_form_errors(self) -> ErrorList:
        return ErrorList() if self.form_kwargs.get("quiet") else super().non_form_errors()

    def clean(self) -> None:
        super().clean()
        for form in self.initial_forms:
            if form.instance.pk is None:
                form.add_error(None, _("This row does not exist any more. Load the page again."))
        if not any(self.errors):
            forms_ = self.kept_forms()
            self._show(self.judge_together([form.instance for form in forms_]), forms_)

    def kept_forms(self) -> list[Any]:
        """Return the forms of the rows that exist after saving."""
        return [
            form
            for form in self.forms
            if form not in self.deleted_forms
            and (form.instance.pk is not None or form.has_changed())
        ]

    def changed_rows(self) -> list[Any]:
        """Return the rows to save."""
        forms = [one for one in self.kept_forms() if one.instance.pk is None or one.has_changed()]
        return [form.instance for form in forms]

    def removed_keys(self) -> list[int]:
        """Return the primary keys of the rows to remove."""
        keys = (form.instance.pk for form in self.deleted_forms)
        return [key for key in keys if key is not None]

    def judge_together(self, rows: list[Any]) -> Iterable[RowProblem]:
        """Return what is wrong with the rows beside each other."""
        raise NotImplementedError

    def write(self) -> None:
        """Save and remove rows, while the identity provider is being edited."""
        raise NotImplementedError

    def _show(self, problems: Iterable[RowProblem], forms: list[Any]) -> None:
        whole = []
        for problem in problems:
            if problem.row is None:
                whole.append(problem.error)
            else:
                forms[problem.row].add_error(None, problem.error)
        if whole:
            raise ValidationError(whole)

    def validate_unique(self) -> None:
        """Do nothing: :meth:`judge_together` adds the error to the field instead."""


def with_one_more(data: Any, prefix: str) -> Any:
    """Return the posted data with one more empty row in a table."""
    changed = data.copy()
    name = f"{prefix}-TOTAL_FORMS"
    given = str(changed.get(name, ""))
    changed[name] = str(int(given) + 1) if given.isdecimal() and len(given) < 6 else "1"  # noqa: PLR2004
    return changed
