"""Prints the lowest versions that pyproject.toml allows, as constraints for pip: ``python -m tests.matrix.lowest``.

Of what we ask for ourselves. What those ask for in turn is theirs to say, and pip takes the newest.
"""

from __future__ import annotations

from packaging.requirements import Requirement

from tests.matrix.project import requirements


class NoLowerBound(Exception):
    """A requirement that allows any old version allows ones that nobody has tried."""


def lowest(requirement: Requirement) -> str:
    """Return a requirement's lowest version as a constraint.

    :raises NoLowerBound: it has none.
    """
    bounds = [one.version for one in requirement.specifier if one.operator in {">=", "=="}]
    if len(bounds) != 1:
        raise NoLowerBound(str(requirement))
    return f"{requirement.name}=={bounds[0]}"


def constraints() -> list[str]:
    """Return one line for each package."""
    return sorted({lowest(requirement) for requirement in requirements()}, key=str.lower)


if __name__ == "__main__":
    print("\n".join(constraints()))  # noqa: T201 -- what it is for
