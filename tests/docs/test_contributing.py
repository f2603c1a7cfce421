"""The files and tests that contributors are told of exist, and every wing has its place in the table."""

from __future__ import annotations

import re
import tomllib

import pytest

import jitprov
from tests.support.pages import DOCS, ROOT

CONTRIBUTING = DOCS / "contributing"
PAGES = [ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted(CONTRIBUTING.glob("*.md"))]
TABLE = (CONTRIBUTING / "index.md").read_text("utf-8")
WINGS = sorted(init.parent.name for init in (ROOT / "jitprov").glob("*/__init__.py"))
_PATH = re.compile(r"`((?:jitprov|tests|docs)/[\w./-]*|\.ci/run|pyproject\.toml)(?:::(\w+))?`")

NAMED = sorted(
    {(path, test) for page in PAGES for path, test in _PATH.findall(page.read_text("utf-8"))}
)


@pytest.mark.parametrize(("path", "test"), NAMED)
def test_every_file_and_test_that_is_named_exists(path: str, test: str) -> None:
    assert (ROOT / path).exists()
    assert not test or f"\ndef {test}(" in (ROOT / path).read_text("utf-8")


@pytest.mark.parametrize("wing", sorted(set(WINGS) - {"migrations", "templatetags"}))
def test_the_table_leads_to_every_wing(wing: str) -> None:
    assert f"`jitprov/{wing}/" in TABLE


@pytest.mark.parametrize("wing", sorted(set(WINGS) - {"migrations"}))
def test_the_page_about_architecture_says_what_every_wing_is_for(wing: str) -> None:
    text = (DOCS / "explanation" / "architecture.md").read_text("utf-8")

    assert re.search(rf"^`{wing}`|, `{wing}`|and `{wing}`", text, re.MULTILINE)


def test_every_checklist_names_what_fails() -> None:
    for page in CONTRIBUTING.glob("*.md"):
        if page.name not in {"index.md", "release.md"}:
            steps = re.split(r"^\d+\. ", page.read_text("utf-8"), flags=re.MULTILINE)[1:]
            assert [step for step in steps if not re.search(r"\*[^*]+\*", step)] == []


def test_the_version_is_the_same_everywhere() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    [newest, *_] = re.findall(
        r"^## ([\d.]+)", (DOCS / "changelog.md").read_text("utf-8"), re.MULTILINE
    )

    assert declared == jitprov.__version__ == newest
