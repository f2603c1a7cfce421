"""Print the lowest versions that pyproject.toml allows, as constraints for pip: ``python -m tests.matrix.lowest``.

These are the versions of our own requirements. For theirs, pip takes the newest.
"""

from __future__ import annotations

from packaging.requirements import Requirement

from tests.matrix.project import requirements


class NoLowerBound(Exception):
    """A requirement without a lowest version, which allows versions that nobody has tested."""


def lowest(requirement: Requirement) -> str:
    """Return the lowest version of a requirement as a constraint.

    :raises NoLowerBound: the requirement has none.
    """
    bounds = [one.version for one in requirement.specifier if one.operator in {">=", "=="}]
    if len(bounds) != 1:
        raise NoLowerBound(str(requirement))
    return f"{requirement.name}=={bounds[0]}"


def constraints() -> list[str]:
    """Return one line for each package."""
    return sorted({lowest(requirement) for requirement in requirements()}, key=str.lower)


if __name__ == "__main__":
    print("\n".join(constraints()))  # noqa: T201 -- its purpose
