"""The stored report of a test sign-in. It holds facts; the words for them are chosen when it is shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Self

MAX_CLAIMS = 100
MAX_VALUES = 50
MAX_LENGTH = 1000
"""Characters of one value."""
_SECRET = ("password", "secret", "token", "credential", "privatekey")
MASK = "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedCheck:
    """One thing that was checked about the response."""

    check: str
    """A value of :class:`jitprov.saml.examination.Check`."""
    passed: bool | None
    """``None`` if it could not be judged, because an earlier check failed."""
    code: str = ""
    expected: str = ""
    received: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedClaim:
    """A claim that came."""

    name: str
    values: tuple[str, ...]
    more: int = 0
    """How many values are left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedField:
    """What a mapping would do to one user field."""

    target: str
    source: str
    """The claim that was used; empty if none had a value."""
    received: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]
    """The name of each transform with its result."""
    outcome: str
    """``value``, ``keep``, ``clear`` or the code of a problem."""
    before: str
    after: str
    changes: bool
    problem: str = ""
    """The problem in words, with the names of claims and transforms."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A test sign-in."""

    passed: bool
    code: str = ""
    """The code of the refusal; empty if the person would be signed in."""
    expected: str = ""
    received: tuple[str, ...] = ()
    checks: tuple[ReportedCheck, ...] = ()
    claims: tuple[ReportedClaim, ...] = ()
    name_id: str = ""
    name_id_format: str = ""
    external_id: str = ""
    fields: tuple[ReportedField, ...] = ()
    groups_joined: tuple[str, ...] = ()
    groups_left: tuple[str, ...] = ()
    groups_unmatched: tuple[str, ...] = ()
    """Values that came and that no group mapping has."""
    notes: tuple[str, ...] = ()
    decision: str = ""
    """``create``, ``update``, ``refuse``, or empty if no decision was made."""
    username: str = ""
    """The user name of the existing account."""
    values_shown: bool = True
    """Whether the values are there; they are for the browser that went through the test, and for nobody else."""

    @property
    def codes(self) -> tuple[str, ...]:
        """Return each code that has a remedy once: of failed checks, problems of fields, the decision and notes."""
        found = [check.code for check in self.checks if check.passed is False]
        found += [field.outcome for field in self.fields if field.problem]
        return tuple(dict.fromkeys(code for code in [*found, self.code, *self.notes] if code))

    def as_json(self) -> dict[str, Any]:
        """Return the report as JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """Return the report that :meth:`as_json` stored. Fields of another release are ignored."""
        known = {name: _tuple(value) for name, value in kept.items() if name in _names(cls)}
        known["checks"] = tuple(_read(ReportedCheck, one) for one in kept.get("checks", ()))
        known["claims"] = tuple(_read(ReportedClaim, one) for one in kept.get("claims", ()))
        known["fields"] = tuple(_read(ReportedField, one) for one in kept.get("fields", ()))
        return cls(**known)

    def without_values(self) -> Self:
        """Return the report without anything that the identity provider said of the person but the names of claims."""
        return replace(
            self,
            received=(),
            checks=tuple(replace(one, received=()) for one in self.checks),
            claims=tuple(ReportedClaim(name=one.name, values=()) for one in self.claims),
            name_id="",
            external_id="",
            fields=tuple(
                replace(one, received=(), steps=(), before="", after="") for one in self.fields
            ),
            groups_joined=(),
            groups_left=(),
            groups_unmatched=(),
            username="",
            values_shown=False,
        )

    def shortened(self) -> Self:
        """Return the report with fewer and shorter values, for a report that is too large to store."""
        return replace(
            self,
            groups_unmatched=cut(self.groups_unmatched, 5, 100),
            claims=tuple(
                reported_claim(one.name, one.values, most=5, length=100) for one in self.claims
            ),
            fields=tuple(
                replace(one, received=cut(one.received, 3, 100), steps=one.steps[-1:])
                for one in self.fields
            ),
        )


def reported_claim(
    name: str, values: Iterable[str], *, most: int = MAX_VALUES, length: int = MAX_LENGTH
) -> ReportedClaim:
    """Return a claim with a limited number of values, which are masked if its name suggests a secret."""
    everything = tuple(values)
    if any(word in name.lower().replace("_", "").replace("-", "") for word in _SECRET):
        everything = tuple(MASK for _ in everything)
    return ReportedClaim(
        name=name[:MAX_LENGTH],
        values=cut(everything, most, length),
        more=max(0, len(everything) - most),
    )


def cut(values: Iterable[str], most: int = MAX_VALUES, length: int = MAX_LENGTH) -> tuple[str, ...]:
    """Return the first values, each cut to a length."""
    return tuple(value[:length] for value in tuple(values)[:most])


def _read(kind: type[Any], kept: Mapping[str, Any]) -> Any:
    return kind(**{name: _tuple(value) for name, value in kept.items() if name in _names(kind)})


def _tuple(value: Any) -> Any:
    """Return nested lists from JSON as tuples."""
    return tuple(_tuple(item) for item in value) if isinstance(value, list) else value


def _names(kind: type[Any]) -> set[str]:
    return {field.name for field in fields(kind)}
