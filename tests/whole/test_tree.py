"""The code and its tests are laid out alike: a wing has a folder of tests, and each of its files is small."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.support.pages import ROOT

CODE, TESTS = ROOT / "jitprov", ROOT / "tests"
MOST_ROOT_MODULES = 14
MOST_FILES = 12
MOST_LINES = 400
MAY_BE_WIDE = {"saml", "api", "setup", "models", "testing"}
"""Each has one file for each message, endpoint, section, table or knob."""
HAVE_DOCSTRINGS = {CODE / "api/dataclass_shapes.py"}
"""Only for readers of Python; the API's document has words of its own."""
NO_WINGS = {"migrations"}
OF_NO_WING = {"whole", "docs", "support", "e2e", "bench", "hosts", "matrix"}
KIND = re.compile(r"(A (door|writer|reader|floor)|Pure): ")


def _packages(folder: Path) -> list[Path]:
    return sorted(init.parent for init in folder.glob("*/__init__.py"))


def _modules(package: Path) -> list[str]:
    """Return the names of a package's modules, and of packages in it with the names of theirs."""
    own = [file.stem for file in package.glob("*.py") if file.name != "__init__.py"]
    inner = [name for one in _packages(package) for name in (one.name, *_modules(one))]
    return [*own, *inner]


WINGS = [wing for wing in _packages(CODE) if wing.name not in NO_WINGS]
SOURCES = sorted(file for file in CODE.rglob("*.py") if "migrations" not in file.parts)
TEST_MODULES = sorted(
    file
    for folder in (TESTS, *(TESTS / wing.name for wing in WINGS))
    for file in folder.glob("test_*.py")
)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _modules_tested_in(folder: Path) -> list[str]:
    """Return what a test module in a folder may be named after: a module, or the wing as a whole."""
    if folder == TESTS:
        return _root_modules()
    return [*_modules(CODE / folder.name), folder.name]


def _root_modules() -> list[str]:
    return [file.stem for file in CODE.glob("*.py")]


def test_every_wing_has_a_folder_of_tests_and_every_other_folder_is_known() -> None:
    folders = {one.name for one in TESTS.iterdir() if any(one.rglob("*.py"))}

    assert {wing.name for wing in WINGS} == folders - OF_NO_WING
    assert folders >= OF_NO_WING


@pytest.mark.parametrize("wing", WINGS, ids=_name)
def test_every_wing_has_tests(wing: Path) -> None:
    assert list((TESTS / wing.name).glob("test_*.py"))


@pytest.mark.parametrize("module", TEST_MODULES, ids=_name)
def test_a_test_module_is_named_after_what_it_tests(module: Path) -> None:
    about = module.stem.removeprefix("test_")
    known = _modules_tested_in(module.parent)

    assert [name for name in known if about == name or about.startswith(f"{name}_")]


@pytest.mark.parametrize("wing", WINGS, ids=_name)
def test_a_wing_says_which_kind_it_is_and_what_it_must_never_do(wing: Path) -> None:
    text = ast.get_docstring(ast.parse((wing / "__init__.py").read_text("utf-8"))) or ""

    assert KIND.match(text)
    assert re.search(r"\b[Nn]ever\b", text)


def test_the_root_is_small() -> None:
    assert len(_root_modules()) <= MOST_ROOT_MODULES


@pytest.mark.parametrize(
    "package",
    [init.parent for init in SOURCES if init.name == "__init__.py" and init.parent != CODE],
    ids=_name,
)
def test_a_wing_is_small(package: Path) -> None:
    files = [file for file in package.glob("*.py") if file.name != "__init__.py"]

    assert len(files) <= MOST_FILES or package.name in MAY_BE_WIDE


@pytest.mark.parametrize("source", SOURCES, ids=_name)
def test_a_file_is_short_enough_to_be_read(source: Path) -> None:
    lines = len(source.read_text("utf-8").splitlines())

    assert lines <= MOST_LINES


@pytest.mark.parametrize("source", SOURCES, ids=_name)
def test_nothing_rests_on_what_python_may_drop(source: Path) -> None:
    """``-O`` drops assertions, ``-OO`` docstrings too."""
    tree = ast.parse(source.read_text("utf-8"))

    assert not [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Assert)]
    read = [node for node in ast.walk(tree) if isinstance(node, ast.Attribute)]
    lines = [node.lineno for node in read if node.attr == "__doc__"]
    assert not lines or source in HAVE_DOCSTRINGS
