"""Make the virtual environment of django-allauth and pysaml2, with the same versions of whatever jitprov uses too."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / ".venv-bench"
PYTHON = FOLDER / "bin" / "python"
COMPARED = ("django-allauth[saml]", "pysaml2")
SHARED = ("Django", "python3-saml", "lxml", "xmlsec", "psycopg", "psycopg-binary")


class EnvironmentMissing(Exception):
    """django-allauth and pysaml2 could not be installed."""


def prepare() -> Path:
    """Return the interpreter of the environment; make that first if it is missing or out of date.

    :raises EnvironmentMissing: what pip said.
    """
    if not is_ready():
        _make()
    return PYTHON


def is_ready() -> bool:
    """Return whether the environment is there, with the versions that are installed here."""
    stamp = FOLDER / "requirements.txt"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _requirements()


def compared_version(name: str) -> str:
    """Return the version of django-allauth or pysaml2 that is compared."""
    code = f"import importlib.metadata as m; print(m.version({name!r}))"
    return subprocess.check_output([PYTHON, "-c", code], text=True).strip()


def _make() -> None:
    shutil.rmtree(FOLDER, ignore_errors=True)
    venv.create(FOLDER, with_pip=True, symlinks=True)
    # So that no one commits it, whatever the project ignores.
    (FOLDER / ".gitignore").write_text("*\n", encoding="utf-8")
    wanted = FOLDER / "wanted.txt"
    wanted.write_text(_requirements(), encoding="utf-8")
    command: list[str | Path] = [PYTHON, "-m", "pip", "install", "--quiet", "--requirement", wanted]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise EnvironmentMissing(done.stderr.strip().splitlines()[-1])
    wanted.rename(FOLDER / "requirements.txt")


def _requirements() -> str:
    shared = [f"{name}=={found}" for name in SHARED if (found := _version(name))]
    python = f"# {sys.version.split()[0]}"
    return "\n".join([python, *COMPARED, *shared, ""])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
