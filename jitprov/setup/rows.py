"""Base classes for tables of rows of one identity provider, with a button that adds a row without JavaScript."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain
from typing import Any

from django import forms
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.utils import ErrorDict, ErrorList
from django.utils.translation import gettext_lazy as _

from jitprov.provisioning.problems import MappingError
from jitprov.saml.certificates import CertificateUnusable
from jitprov.words.problems import in_words


class RowForm(forms.ModelForm):
    """One row. While ``quiet``, because somebody is still adding rows, it shows no errors."""

    error_css_class = "errors"

    def __init__(self, *args: Any, quiet: bool = False, **kwargs: Any) -> None:
        self.quiet = quiet
        self.remarks: list[Any] = []
        super().__init__(*args, **kwargs)

    def add_error(self, field: str | None, error: Any) -> None:
        """Add an error, in the reader's language where the model reports a refusal of the pure core."""
        for one in chain.from_iterable(getattr(error, "error_dict", {}).values()):
            refusal = (one.params or {}).get("refusal")
            if isinstance(refusal, MappingError | CertificateUnusable):
                one.params = {"refusal": in_words(refusal)}
        super().add_error(field, error)

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

    def kept_forms(self) -> list[Any]:
        """Return the forms of the rows that exist after saving."""
        return [
            form
            for form in self.forms
            if form not in self.deleted_forms
            and (form.instance.pk is not None or form.has_changed())
        ]

    def refuse_twins(self, read: Callable[[Any], Any], field: str, message: Any) -> None:
        """Add an error to each row that repeats a row above it."""
        seen = set()
        for form in self.kept_forms():
            value = read(form.instance)
            if value and value in seen:
                form.add_error(field, message)
            seen.add(value)

    def validate_unique(self) -> None:
        """Do nothing: :meth:`refuse_twins` adds the error to the field instead."""


class PlainRowForm(RowForm):
    """A row that is compared with the rows of the page, not with the stored rows, which it may exchange values with."""

    def validate_unique(self) -> None:
        """Do nothing: the table compares its rows."""

    def validate_constraints(self) -> None:
        """Do nothing: the table compares its rows."""


def with_one_more(data: Any, prefix: str) -> Any:
    """Return the posted data with one more empty row in a table."""
    changed = data.copy()
    name = f"{prefix}-TOTAL_FORMS"
    given = str(changed.get(name, ""))
    changed[name] = str(int(given) + 1) if given.isdecimal() and len(given) < 6 else "1"  # noqa: PLR2004
    return changed
