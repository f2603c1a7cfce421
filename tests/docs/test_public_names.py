"""The documentation names only what wings export in ``__all__``; everything deeper is private."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.pages import PAGES, ROOT, fences_of

WINGS = sorted(init.parent.name for init in (ROOT / "jitprov").glob("*/__init__.py"))
_DOTTED = re.compile(r"\bjitprov(?:\.\w+)+")
_IMPORT = re.compile(r"^ *from (jitprov[\w.]*) import ([\w, ]+)", re.MULTILINE)
_AUTODOC = re.compile(r"^\.\. auto\w+:: (jitprov[\w.]*)$", re.MULTILINE)


def _named_in(page: Path) -> Iterator[str]:
    yield from _AUTODOC.findall(page.read_text("utf-8"))
    for fence in fences_of(page):
        if fence.language == "python":
            yield from _DOTTED.findall(_IMPORT.sub("", fence.code))
            for module, names in _IMPORT.findall(fence.code):
                yield from (f"{module}.{name.strip()}" for name in names.split(","))


NAMED = sorted({(name, str(page.relative_to(ROOT))) for page in PAGES for name in _named_in(page)})


def _exported(module: str) -> list[str]:
    """Return the public names of a wing or of a module of the root."""
    found = importlib.import_module(module)
    own = [name for name, value in vars(found).items() if _is_own(value, module)]
    return list(getattr(found, "__all__", own))


def _is_own(value: object, module: str) -> bool:
    return getattr(value, "__module__", module) == module


@pytest.mark.parametrize(("name", "page"), NAMED)
def test_a_name_in_the_documentation_is_exported(name: str, page: str) -> None:
    _, first, *rest = name.split(".")

    assert not rest or rest[0] in _exported(f"jitprov.{first}"), page


def test_the_documentation_names_many() -> None:
    assert len(NAMED) > 50


@pytest.mark.parametrize("wing", WINGS)
def test_a_name_that_a_wing_exports_exists(wing: str) -> None:
    package = importlib.import_module(f"jitprov.{wing}")

    for name in getattr(package, "__all__", []):
        assert hasattr(package, name) or find_spec(f"{package.__name__}.{name}"), name
