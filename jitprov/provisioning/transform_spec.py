"""Define what a transform is made of, and bound the values that it works on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from jitprov.exceptions import JitprovError
from jitprov.provisioning.parameters import UNSTORABLE, Parameter, ParameterRefused
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.types import Value

MAX_VALUES = 1000
"""Most values that a row works on, at any step."""
MAX_VALUE_LENGTH = 4096
"""Most characters of one value, at any step."""
MAX_TOTAL_LENGTH = 256 * 1024
"""Most characters of all values of a row together, at any step."""

MAX_WORK = 50_000_000
"""Most work of all steps of a mapping together, in comparisons of a character: a quarter of a second at the worst."""
_WORK_OF_A_STEP = 100

Values: TypeAlias = tuple[str, ...]
ClaimValues: TypeAlias = Mapping[str, Values]
Parameters: TypeAlias = Mapping[str, Any]


class ValueRefused(JitprovError):
    """A claim has a value that its mapping cannot accept. The value itself is not repeated."""

    code = "invalid_value"


class Budget:
    """The work that a mapping may still do while it is applied to one person.

    It is counted and not timed, so that the same claims always have the same result.
    """

    def __init__(self) -> None:
        self._left = MAX_WORK

    @property
    def is_spent(self) -> bool:
        """Say whether the values were too much work, so that it is not known what the mapping makes of them."""
        return self._left < 0

    def spend(self, work: int) -> None:
        """Take work off, or raise :class:`ValueRefused` if it is more than is left."""
        self._left -= work
        if self.is_spent:
            raise ValueRefused("the values are too many or too long for the steps of all rows")


def plain_work(values: Values, _parameters: Parameters) -> int:
    """Return the work of a step that looks at each character of the values once."""
    return _WORK_OF_A_STEP + len(values) + sum(map(len, values))


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformSpec:
    """The name of a transform, its parameters and its function."""

    name: str
    summary: str
    """One sentence for the person who chooses it."""
    apply: Callable[[Values, Parameters, ClaimValues], Value]
    """The function. Takes the values so far, checked parameters, and all claims. Raises :class:`ValueRefused`."""
    work: Callable[[Values, Parameters], int] = plain_work
    """Return an upper bound of the work, in comparisons of a character."""
    parameters: tuple[Parameter, ...] = ()
    check: Callable[[Parameters], None] | None = None
    """A check that involves several parameters. Raises :class:`ParameterRefused`."""
    typed: bool = False
    """Whether it returns one typed value, and so must come last."""
    makes_value: bool = False
    """Whether it can make a value where no claim came, so that a row needs no source."""

    def validate(self, raw: Mapping[str, object]) -> Parameters:
        """Return untrusted parameters, checked and with defaults filled in, or raise :class:`MappingError`."""
        known = {parameter.name: parameter for parameter in self.parameters}
        if unknown := [name for name in raw if name not in known]:
            raise MappingError(
                MappingProblem.UNKNOWN_PARAMETER,
                transform=self.name,
                parameter=str(unknown[0])[:50],
            )
        values = {name: self._clean(parameter, raw) for name, parameter in known.items()}
        self._check_together(values)
        return MappingProxyType(values)

    def _clean(self, parameter: Parameter, raw: Mapping[str, object]) -> Any:
        try:
            return parameter.clean(raw)
        except ParameterRefused as error:
            raise self._refused(error, parameter.name) from error

    def _check_together(self, values: Parameters) -> None:
        try:
            if self.check is not None:
                self.check(values)
        except ParameterRefused as error:
            raise self._refused(error) from error

    def _refused(self, error: ParameterRefused, parameter: str = "") -> MappingError:
        return MappingError(error.problem, transform=self.name, parameter=parameter, **error.facts)


def trimmed(value: str) -> str:
    """Return a value without the white space of XML and JSON around it.

    No more: ``str.strip`` takes every space of Unicode, so that two values that differ would become one.
    """
    return value.strip(" \t\r\n")


def acceptable(values: Iterable[str]) -> Values:
    """Return the values without blank ones, or raise :class:`ValueRefused` beyond our bounds."""
    kept = tuple(acceptable_value(value) for value in values if value.strip())
    if len(kept) > MAX_VALUES:
        raise ValueRefused(f"there are more than {MAX_VALUES} values")
    if sum(map(len, kept)) > MAX_TOTAL_LENGTH:
        raise ValueRefused(f"the values have more than {MAX_TOTAL_LENGTH} characters together")
    return kept


def acceptable_value(value: str) -> str:
    """Return a value, or raise :class:`ValueRefused` beyond our bounds."""
    if len(value) > MAX_VALUE_LENGTH:
        raise ValueRefused(f"a value has more than {MAX_VALUE_LENGTH} characters")
    if UNSTORABLE.search(value):
        raise ValueRefused("a value has a character that cannot be stored")
    return value
