"""Forms for the steps of a claim mapping: a choice of transforms, and a field for each parameter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jitprov.models.lines import lines_of, texts_of
from jitprov.provisioning.parameters import MAX_TEXT_LENGTH, Kind, Parameter
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.steps import MAX_TRANSFORMS
from jitprov.provisioning.transform_spec import TransformSpec
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.setup.lines import NotATable, table_lines, table_of
from jitprov.words.problems import sentence
from jitprov.words.transforms import (
    CHOICE_LABELS,
    PARAMETER_HELP,
    PARAMETER_LABELS,
    TRANSFORM_WORDS,
)

MAX_LINES_LENGTH = 100_000
MAX_STEP_NUMBER = 100
"""Steps keep the number that they were added with, so that removed steps leave gaps."""
_CHOICES = [("", _("— no step —")), *((name, TRANSFORM_WORDS[name].label) for name in TRANSFORMS)]
_NOT_FOR_GROUPS = {spec.name for spec in TRANSFORMS.values() if spec.typed or spec.makes_value}


class StepForm(forms.Form):
    """One step: the chosen transform, and a field for each of its parameters."""

    use_required_attribute = False
    error_css_class = "errors"
    step = forms.ChoiceField(label=_("Step"), choices=_CHOICES, required=False)

    def __init__(
        self,
        data: Any = None,
        *,
        stored: Mapping[str, Any] | None = None,
        quiet: bool = False,
        for_groups: bool = False,
        **kwargs: Any,
    ) -> None:
        """Fill the form from a stored step or from a post."""
        self.quiet = quiet
        stored = stored or {}
        super().__init__(initial={"step": str(stored.get("name", ""))}, **kwargs)
        if for_groups:
            offered = [choice for choice in _CHOICES if choice[0] not in _NOT_FOR_GROUPS]
            self.fields["step"].choices = offered  # type: ignore[attr-defined]
        name = data.get(self.add_prefix("step"), "") if data is not None else self.initial["step"]
        self.spec = TRANSFORMS.get(name)
        for parameter in self.spec.parameters if self.spec else ():
            self.fields[parameter.name] = _field(parameter)
            self.initial[parameter.name] = _typed(parameter, stored.get(parameter.name))
        if data is not None:
            self.is_bound, self.data = True, self._posted(data)

    def _posted(self, data: Any) -> dict[str, Any]:
        """Return the posted values, with the default of each parameter that had no field on the posted page."""
        names = {name: self.add_prefix(name) for name in self.fields}
        return {
            prefixed: data.get(prefixed, self.initial.get(name)) for name, prefixed in names.items()
        }

    @property
    def errors(self) -> Any:
        return {} if self.quiet else super().errors

    def is_valid(self) -> bool:
        """Say whether it is valid, also while it shows no errors."""
        return self.is_bound and not super().errors

    @property
    def summary(self) -> Any:
        """Return a description of the chosen transform."""
        return TRANSFORM_WORDS[self.spec.name].summary if self.spec else ""

    @property
    def parameters(self) -> list[Any]:
        """Return the fields of the parameters."""
        return [self[name] for name in self.fields if name != "step"]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if self.spec is not None and not super().errors:
            self._validate(self.spec)
        return cleaned

    def _validate(self, spec: TransformSpec) -> None:
        try:
            spec.validate(self._given(spec))
        except MappingError as error:
            beside = error.parameter if error.parameter in self.fields else "step"
            self.add_error(beside, sentence(error))

    def _given(self, spec: TransformSpec) -> dict[str, Any]:
        """Return the parameters that were entered, without empty numbers."""
        return {
            one.name: self.cleaned_data[one.name]
            for one in spec.parameters
            if self.cleaned_data[one.name] is not None
        }

    def as_row(self) -> dict[str, Any] | None:
        """Return the step as it is stored; ``None`` if no step is chosen or it is not valid."""
        if self.spec is None or not self.is_valid():
            return None
        return {"name": self.spec.name, **self._given(self.spec)}


def step_templates() -> list[tuple[str, StepForm]]:
    """Return an empty form for each transform, which the page's script copies."""
    return [
        (name, StepForm(stored={"name": name}, prefix="__step__")) for name in ("", *TRANSFORMS)
    ]


class _Lines(forms.CharField):
    """A list, one entry on each line."""

    widget = forms.Textarea(attrs={"rows": 3})

    def to_python(self, value: Any) -> Any:
        return texts_of(super().to_python(value) or "")


class _Table(forms.CharField):
    """A table, one entry on each line."""

    widget = forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})

    def to_python(self, value: Any) -> Any:
        try:
            return table_of(super().to_python(value) or "")
        except NotATable as error:
            raise forms.ValidationError(
                _("Line %(line)s has no equals sign: write “from = to”."),
                params={"line": error.args[0]},
            ) from error


def _field(parameter: Parameter) -> forms.Field:
    common: dict[str, Any] = {
        "label": PARAMETER_LABELS[parameter.name],
        "help_text": PARAMETER_HELP.get(parameter.name, ""),
        "required": False,
    }
    match parameter.kind:
        case Kind.INTEGER:
            return forms.IntegerField(min_value=0, **common)
        case Kind.CHOICE:
            choices = [(name, CHOICE_LABELS.get(name, name)) for name in parameter.choices]
            return forms.TypedChoiceField(choices=choices, empty_value=None, **common)
        case Kind.TEXTS:
            return _Lines(max_length=MAX_LINES_LENGTH, **common)
        case Kind.TABLE:
            return _Table(max_length=MAX_LINES_LENGTH, **common)
        case _:
            return forms.CharField(max_length=MAX_TEXT_LENGTH, strip=False, **common)


def _typed(parameter: Parameter, stored: Any) -> Any:
    """Return a stored parameter as the value of its form field."""
    value = parameter.default if stored is None else stored
    match parameter.kind:
        case Kind.TEXTS:
            return lines_of(map(str, value or ()))
        case Kind.TABLE:
            return table_lines(value) if isinstance(value, Mapping) else ""
        case _:
            return value


def step_forms(  # noqa: PLR0913 -- a row's steps, and how they are shown
    prefix: str,
    stored: Any,
    data: Any = None,
    *,
    quiet: bool = False,
    one_more: bool = False,
    for_groups: bool = False,
) -> list[StepForm]:
    """Return the forms for the steps of a row, from the stored steps or from a post."""
    if data is None:
        steps = (
            [one for one in stored if isinstance(one, Mapping)] if isinstance(stored, list) else []
        )
        return [
            StepForm(stored=step, prefix=f"{prefix}-{number}", for_groups=for_groups)
            for number, step in enumerate(steps)
        ]
    numbers = [number for number in range(MAX_STEP_NUMBER) if f"{prefix}-{number}-step" in data]
    shown: dict[str, Any] = {"quiet": quiet, "for_groups": for_groups}
    forms_ = [StepForm(data, prefix=f"{prefix}-{number}", **shown) for number in numbers]
    if one_more and len(forms_) < MAX_TRANSFORMS:
        free = max(numbers, default=-1) + 1
        forms_.append(StepForm(data, prefix=f"{prefix}-{free}", **shown))
    return forms_
