"""How the documentation is built: ``make docs``."""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

DOCS = Path(__file__).parent
sys.path[:0] = [str(DOCS), str(DOCS.parent)]

from _ext import host  # noqa: E402 -- needs the path above

host.set_up()

_package = tomllib.loads((DOCS.parent / "pyproject.toml").read_text("utf-8"))["project"]

project = _package["name"]
author = copyright = _package["authors"][0]["name"]  # noqa: A001 -- Sphinx's name for it
version = release = _package["version"]

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.viewcode",
    "sphinx_copybutton",
    "sphinx_design",
    "_ext.reference",
    "_ext.pictures",
    "_ext.screens",
]
exclude_patterns = ["_build", "_ext"]
html_theme = "furo"
html_title = f"{project} {version}"
html_static_path = ["_static"]
html_css_files = ["jitprov.css"]
html_copy_source = False
html_show_sphinx = False

myst_enable_extensions = ["colon_fence"]
# Headings are linked as repository browsers link them; a heading of the third level may be a setting.
myst_heading_anchors = 4

# What a terminal shows is copied without its prompts and its answers.
copybutton_prompt_text = "$ "

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # signatures of this length are read in the source
autodoc_default_options = {"members": True}

nitpicky = True
# Nothing is fetched at build time, so what others document cannot be linked.
nitpick_ignore_regex = [("py:.*", r"(?!jitprov).*")]
