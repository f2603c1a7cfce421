"""The requirements in pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

PYPROJECT: dict[str, Any] = tomllib.loads(
    (Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8")
)
PYTHONS = SpecifierSet(PYPROJECT["project"]["requires-python"])


def requirements() -> list[Requirement]:
    """Return the requirements for running, testing and building."""
    return [
        Requirement(text)
        for text in (
            *PYPROJECT["project"]["dependencies"],
            *group("test"),
            *PYPROJECT["build-system"]["requires"],
        )
    ]


def group(name: str) -> Iterator[str]:
    """Yield the requirements of a dependency group and of the groups that it includes."""
    for item in PYPROJECT["dependency-groups"][name]:
        if isinstance(item, str):
            yield item
        else:
            yield from group(item["include-group"])
