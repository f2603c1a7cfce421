"""The versions in pyproject.toml are those that `.ci/run` tests."""

from __future__ import annotations

from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.matrix.lowest import NoLowerBound, constraints, lowest
from tests.matrix.project import PYPROJECT, PYTHONS, requirements
from tests.matrix.pythons import pythons

CLASSIFIERS: list[str] = PYPROJECT["project"]["classifiers"]


def promised(prefix: str) -> list[str]:
    found = [item.removeprefix(prefix) for item in CLASSIFIERS if item.startswith(prefix)]
    return [item for item in found if item.replace(".", "").isdecimal()]


@pytest.mark.parametrize("requirement", requirements(), ids=str)
def test_every_requirement_has_a_lowest_version_and_no_highest(
    requirement: Requirement,
) -> None:
    assert lowest(requirement)
    assert {one.operator for one in requirement.specifier} == {">="}


@pytest.mark.parametrize("text", ["lxml", "lxml<7", "lxml>5"])
def test_a_requirement_without_a_lowest_version_is_an_error(text: str) -> None:
    with pytest.raises(NoLowerBound):
        lowest(Requirement(text))


def test_every_package_has_the_same_lowest_version_everywhere() -> None:
    names = [line.partition("==")[0].lower() for line in constraints()]
    extras = [
        Requirement(text) for text in PYPROJECT["project"]["optional-dependencies"]["testing"]
    ]

    assert len(names) == len(set(names))
    assert {lowest(requirement) for requirement in extras} <= set(constraints())


def test_the_lowest_versions_agree_with_the_classifiers() -> None:
    django = next(line.partition("==")[2] for line in constraints() if line.startswith("Django"))

    assert django.startswith(promised("Framework :: Django :: ")[0])
    assert PYTHONS.contains(promised("Programming Language :: Python :: ")[0])


def interpreter(folder: Path, name: str, script: str) -> None:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)


def test_only_working_and_supported_pythons_are_found(tmp_path: Path) -> None:
    interpreter(tmp_path, "python3.10", "echo 3.10.1")
    interpreter(tmp_path, "python3.12", "echo 3.12.9")
    interpreter(tmp_path, "python3.13", "echo 'pyenv: not switched on' >&2; exit 127")
    interpreter(tmp_path, "python3.14", "echo 3.14.2")
    interpreter(tmp_path, "python3.14-config", "echo 3.14.2")
    (tmp_path / "python3.15").write_text("not a program", "utf-8")

    found = sorted(pythons([tmp_path, tmp_path / "nowhere"]))

    assert [python.text for python in found] == ["3.12.9", "3.14.2"]
