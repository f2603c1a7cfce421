"""The wheel: its content, its metadata, and its independence from this checkout."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement

from tests.e2e.wheel import about, files_of
from tests.matrix.project import PYPROJECT
from tests.support.pages import README, ROOT

pytestmark = pytest.mark.e2e

PROJECT = PYPROJECT["project"]
NEEDS_AN_EXTRA = {"jitprov.testing.plugin": "pytest"}
SAYS_THAT_THE_EXTRA_IS_MISSING = {"jitprov.api.apps", "jitprov.api.checks"}
IMPORT_ALL = """
import importlib, json, pkgutil, sys
import django
from django.conf import settings
settings.configure(
    INSTALLED_APPS=["django.contrib.admin", "django.contrib.auth", "django.contrib.contenttypes",
                    "django.contrib.messages", "django.contrib.sessions", "jitprov"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
)
django.setup()
import jitprov
missing = {}
for module in pkgutil.walk_packages(jitprov.__path__, "jitprov."):
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        missing[module.name] = error.name
print(json.dumps({"file": jitprov.__file__, "version": jitprov.__version__, "missing": missing}))
"""


def run(python: Path, folder: Path, *arguments: str) -> str:
    """Run Python without the environment of this process."""
    done = subprocess.run(
        [python, *arguments], cwd=folder, env={}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_wheel_contains_the_package_and_nothing_else(wheel: Path) -> None:
    package = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "jitprov").rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }

    assert files_of(wheel) == package


@pytest.mark.parametrize(
    "file",
    [
        "jitprov/py.typed",
        "jitprov/templates/jitprov/refused.html",
        "jitprov/static/jitprov/submit.js",
        "jitprov/migrations/0001_initial.py",
        "jitprov/management/commands/import_idp_metadata.py",
        "jitprov/testing/plugin.py",
    ],
)
def test_the_wheel_contains_templates_catalogues_and_other_files(wheel: Path, file: str) -> None:
    assert file in files_of(wheel)


def test_the_wheels_metadata_is_valid_and_agrees_with_the_project(wheel: Path) -> None:
    metadata = Metadata.from_email(about(wheel, "METADATA"), validate=True)

    assert (metadata.name, str(metadata.version)) == (PROJECT["name"], PROJECT["version"])
    assert str(metadata.requires_python) == PROJECT["requires-python"]
    assert metadata.license_expression == PROJECT["license"]
    assert metadata.license_files == ["LICENSE"]
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description == README.read_text("utf-8")
    assert set(metadata.classifiers or ()) == set(PROJECT["classifiers"])


def test_the_wheel_requires_what_the_project_requires(wheel: Path) -> None:
    metadata = Metadata.from_email(about(wheel, "METADATA"), validate=True)
    asked_for = metadata.requires_dist or []

    without_extras = {str(one).lower() for one in asked_for if not one.marker}
    assert without_extras == {str(Requirement(one)).lower() for one in PROJECT["dependencies"]}
    assert set(metadata.provides_extra or ()) == set(PROJECT["optional-dependencies"])


def test_every_module_can_be_imported_from_the_wheel_alone(
    bare_python: Path, tmp_path: Path
) -> None:
    report = json.loads(run(bare_python, tmp_path, "-W", "error", "-c", IMPORT_ALL))

    missing = report["missing"]
    of_the_api = {name for name in missing if name.startswith("jitprov.api.")}
    assert {missing.pop(name) for name in of_the_api} == {"rest_framework", "drf_spectacular"}
    assert of_the_api.isdisjoint(SAYS_THAT_THE_EXTRA_IS_MISSING)
    assert missing == NEEDS_AN_EXTRA
    assert report["version"] == PROJECT["version"]
    assert not Path(report["file"]).is_relative_to(ROOT)


def test_every_requirement_of_the_wheel_is_satisfied(bare_python: Path, tmp_path: Path) -> None:
    assert "No broken requirements" in run(bare_python, tmp_path, "-m", "pip", "check")
