"""Convert JSON to the fields of a post, so that the forms of the set-up page validate both alike."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.steps import parse_transforms
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.setup.transforms import StepForm
from jitprov.words.problems import in_words


def posted(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values as the fields of a form."""
    return {f"{prefix}-{name}": value for name, value in values.items()}


def posted_steps(prefix: str, steps: Any, path: str) -> dict[str, Any]:
    """Return the steps of a claim mapping as the fields of their forms.

    :raises ValidationError: they are not valid steps; the error is at the path.
    """
    try:
        parse_transforms(steps)
    except MappingError as error:
        raise ValidationError({path: [ErrorDetail(in_words(error), error.code)]}) from error
    fields: dict[str, Any] = {}
    for number, step in enumerate(steps):
        fields |= posted(f"{prefix}-{number}", dict(_typed(step)))
    return fields


def _typed(step: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield the parameters of a step as somebody would type them; null is left out."""
    form = StepForm(stored=step)
    yield "step", step["name"]
    for parameter in TRANSFORMS[step["name"]].parameters:
        if step.get(parameter.name) is not None:
            yield parameter.name, form.initial[parameter.name]
