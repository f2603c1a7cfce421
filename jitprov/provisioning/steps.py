"""Read the steps of a claim mapping, check them, and run them on the values of a claim.

Parameters are checked on every use, not only in forms, because rows can also be written without a form.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from jitprov.provisioning.patterns import ORDINARY_LENGTH
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.transform_spec import (
    Budget,
    ClaimValues,
    TransformSpec,
    Values,
    acceptable,
)
from jitprov.provisioning.transforms import TRANSFORMS
from jitprov.provisioning.types import Transform, Value

MAX_TRANSFORMS = 10
"""Most steps in one row."""


def parse_transforms(raw: object) -> tuple[Transform, ...]:
    """Read ``[{"name": "split", "separator": ";"}, ...]`` as it comes from JSON.

    Raises :class:`MappingError`, which names the transform and the parameter.
    """
    if not isinstance(raw, list | tuple):
        raise MappingError(MappingProblem.STEPS_NO_LIST)
    return check_transforms([_parse_one(item) for item in raw[: MAX_TRANSFORMS + 1]])


def check_transforms(transforms: Sequence[Transform]) -> tuple[Transform, ...]:
    """Return the transforms with checked and completed parameters, or raise :class:`MappingError`."""
    if not transforms:
        return ()
    if len(transforms) > MAX_TRANSFORMS:
        raise MappingError(MappingProblem.TOO_MANY_STEPS, most=MAX_TRANSFORMS)
    specs = [_spec(transform.name) for transform in transforms]
    for spec in specs[:-1]:
        if spec.typed:
            raise MappingError(MappingProblem.STEP_NOT_LAST, transform=spec.name)
    return tuple(
        Transform(name=spec.name, parameters=spec.validate(transform.parameters))
        for spec, transform in zip(specs, transforms, strict=True)
    )


def run_transforms(
    transforms: Sequence[Transform],
    values: Values,
    claims: ClaimValues,
    budget: Budget | None = None,
) -> Iterator[tuple[str, Value]]:
    """Apply transforms in order and yield each one's name with what it produced.

    Raises :class:`MappingError` before the first step, :class:`ValueRefused` at any.

    :param budget: what the whole mapping may do; a step that would do more is not begun.
    """
    budget = budget or Budget()
    values = acceptable(values)
    for transform in check_transforms(transforms):
        spec = TRANSFORMS[transform.name]
        budget.spend(spec.work(values, transform.parameters))
        result = spec.apply(values, transform.parameters, claims)
        if not isinstance(result, tuple):
            # A typed transform: there is no step after it.
            yield transform.name, result
            return
        values = acceptable(result)
        yield transform.name, values


def ordinary_work(transforms: Sequence[Transform]) -> int:
    """Return the work of the transforms on one value of ordinary length, or raise :class:`MappingError`."""
    value = ("x" * ORDINARY_LENGTH,)
    return sum(
        TRANSFORMS[one.name].work(value, one.parameters) for one in check_transforms(transforms)
    )


def _parse_one(raw: object) -> Transform:
    if not isinstance(raw, Mapping) or not isinstance(raw.get("name"), str):
        raise MappingError(MappingProblem.STEP_NO_OBJECT)
    parameters = {key: value for key, value in raw.items() if key != "name"}
    return Transform(name=raw["name"], parameters=parameters)


def _spec(name: str) -> TransformSpec:
    if name not in TRANSFORMS:
        raise MappingError(MappingProblem.UNKNOWN_STEP, transform=name[:50])
    return TRANSFORMS[name]
