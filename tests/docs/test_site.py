"""Building the site fails when a page names something that does not exist."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.pages import DOCS

pytest.importorskip("sphinx", reason="the group docs is not installed")


def build(folder: Path, page: str) -> str:
    """Build a site of one page with our configuration, and return the warnings."""
    (folder / "index.md").write_text(f"# A page\n\n{page}\n", "utf-8")
    warnings = ["--fail-on-warning", "--nitpicky"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *warnings, "-c", DOCS, folder, folder / "_build"],
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    assert bool(done.returncode) is bool(done.stderr.strip()), done.stderr
    return done.stderr


def table(kind: str, name: str) -> str:
    return f":::{{facts}} {kind}\n\n| Name | Meaning |\n|---|---|\n| `{name}` | |\n\n:::"


@pytest.mark.parametrize(
    ("page", "complaint"),
    [
        pytest.param(table("refusals", "no_such_code"), "no_such_code", id="an unknown refusal"),
        pytest.param(
            table("columns IdentityProvider", "colour"), "colour", id="a column that is not there"
        ),
        pytest.param("[A page](nowhere.md)", "nowhere.md", id="a link that leads nowhere"),
    ],
)
def test_a_name_that_does_not_exist_stops_the_build(
    page: str, complaint: str, tmp_path: Path
) -> None:
    assert complaint in build(tmp_path, page)


def test_facts_of_the_code_are_added_to_a_table(tmp_path: Path) -> None:
    assert build(tmp_path, table("refusals", "try_again")) == ""
    html = (tmp_path / "_build" / "index.html").read_text("utf-8")
    assert "Status 503" in html
    assert "We are very busy right now." in html
