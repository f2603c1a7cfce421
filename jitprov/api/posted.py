"""What was sent as JSON, as the admin's page would have posted it: so that its forms judge the one like the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError

from jitprov.provisioning.transforms import TRANSFORMS, MappingError, parse_transforms
from jitprov.setup.transforms import StepForm
from jitprov.words.problems import in_words


def posted(prefix: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values as the fields of a form."""
    return {f"{prefix}-{name}": value for name, value in values.items()}


def posted_steps(prefix: str, steps: Any, path: str) -> dict[str, Any]:
    """Return the steps of a claim mapping as the fields of their forms.

    :raises ValidationError: they are no steps; said of the path.
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
    """Yield what somebody would type who wants this step; null is what nobody typed."""
    form = StepForm(stored=step)
    yield "step", step["name"]
    for parameter in TRANSFORMS[step["name"]].parameters:
        if step.get(parameter.name) is not None:
            yield parameter.name, form.initial[parameter.name]
