"""Base classes for tables of rows of one identity provider, with a button that adds a row without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.utils import ErrorDict, ErrorList
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.editing import ROW_VERSION_LENGTH, save_rows, version_of_row
from jitprov.configuration.problems import RowProblem
from jitprov.setup.versions import (
    Told,
    VersionField,
    posted_with,
    somebody,
)


class RowForm(forms.ModelForm):
    """One row. While ``quiet``, because somebody is still adding rows, it shows no errors."""

    error_css_class = "errors"

    kind = ""
    """The kind of the row in the record of changes."""
    label = ""
    """The column that names the row there."""
    compared: tuple[str, ...] = ()
    """The columns that tell whether a row is as it was."""

    def __init__(
        self, *args: Any, told: Told = somebody, quiet: bool = False, **kwargs: Any
    ) -> None:
        self.quiet, self._told = quiet, told
        self.remarks: list[Any] = []
        super().__init__(*args, **kwargs)
        key = self.instance.pk
        self._version = version_of_row(key, self.instance, self.compared) if key else ""
        self._name = str(getattr(self.instance, self.label))
        self.fields["version"] = VersionField(self._version)

    @property
    def _shown(self) -> str:
        return str(self["version"].data or "")[:ROW_VERSION_LENGTH]

    @property
    def was_changed_meanwhile(self) -> bool:
        """Say whether others have changed or removed the row since it was shown."""
        return bool(self._shown) and self._shown != self._version

    @property
    def is_untouched(self) -> bool:
        """Say whether the row was posted as it was shown."""
        if super().errors:
            return False
        key = self.cleaned_data.get(self.instance._meta.pk.name)
        return version_of_row(key, self.instance, self.compared) == self._shown

    def outdated(self) -> str:
        """Return a sentence that says who has changed the row. Who has read that may replace it."""
        self.data = posted_with(self.data, self.add_prefix("version"), self._version)
        return self._told(self.kind, label=self._name)

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
    def is_open(self) -> bool:
        """Say whether the row is unfolded: a new one, and one in which something was typed or is wrong."""
        typed = self.is_bound and bool(self.errors or self.changed_data)
        return typed or self.instance.pk is None

    @property
    def number(self) -> str:
        """Return the number of the row, counted from 1."""
        last = str(self.prefix).rpartition("-")[2]
        return str(int(last) + 1) if last.isdigit() else ""


class RowFormSet(forms.BaseInlineFormSet):
    """The rows of one identity provider. Primary keys of other rows are refused."""

    most = 200
    """Rows that one page shows and accepts."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._left_alone: list[Any] = []
        super().__init__(*args, **kwargs)

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
        outdated = [sentence for form in self.initial_forms for sentence in self._give_way(form)]
        if outdated:
            raise ValidationError(outdated)
        if not any(self.errors):
            forms_ = self.kept_forms()
            self._show(self.judge_together([form.instance for form in forms_]), forms_)

    def _give_way(self, form: Any) -> Iterator[str]:
        """Leave a row to others who have changed or removed it, unless this person changed it too.

        Yield what is to be said of a row that this person wants to remove: Django asks no row that goes for its errors.
        """
        is_removed = bool(form.cleaned_data.get(DELETION_FIELD_NAME))
        if form.instance.pk is None:
            if form.is_untouched or is_removed:
                self._left_alone.append(form)
            else:
                form.add_error(None, _("This row does not exist any more. Load the page again."))
        elif form.was_changed_meanwhile:
            if is_removed:
                yield form.outdated()
            elif form.is_untouched:
                form.instance.refresh_from_db()
                self._left_alone.append(form)
            else:
                form.add_error(None, form.outdated())

    def kept_forms(self) -> list[Any]:
        """Return the forms of the rows that exist after saving."""
        return [
            form
            for form in self.forms
            if form not in self.deleted_forms
            and (form.instance.pk is not None or self._is_new(form))
        ]

    def _is_new(self, form: Any) -> bool:
        return form not in self._left_alone and bool(form.has_changed())

    def changed_rows(self) -> list[Any]:
        """Return the rows to save."""
        forms = [one for one in self.kept_forms() if one.instance.pk is None or one.has_changed()]
        return [form.instance for form in forms if form not in self._left_alone]

    def removed_keys(self) -> list[int]:
        """Return the primary keys of the rows to remove."""
        keys = (form.instance.pk for form in self.deleted_forms)
        return [key for key in keys if key is not None]

    def judge_together(self, rows: list[Any]) -> Iterable[RowProblem]:
        """Return what is wrong with the rows beside each other."""
        raise NotImplementedError

    def write(self) -> None:
        """Save and remove rows, while the identity provider is being edited."""
        model: Any = self.model
        stored = model.objects.filter(identity_provider=self.instance)
        save_rows(stored, self.changed_rows(), self.removed_keys())

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
    name = f"{prefix}-TOTAL_FORMS"
    given = str(data.get(name, ""))
    more = str(int(given) + 1) if given.isdecimal() and len(given) < 6 else "1"  # noqa: PLR2004
    return posted_with(data, name, more)
