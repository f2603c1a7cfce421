"""The virtual environment of what jitprov is compared with, with the same versions of everything that both use."""

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
    """What jitprov is compared with could not be installed."""


def prepare() -> Path:
    """Return the interpreter that has what jitprov is compared with; make its environment if it is not there or not the same.

    :raises EnvironmentMissing: what pip said.
    """
    if not is_ready():
        _make()
    return PYTHON


def is_ready() -> bool:
    """Say whether the environment is there, with the versions that are installed here."""
    stamp = FOLDER / "requirements.txt"
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _requirements()


def compared_version(name: str) -> str:
    """Return which django-allauth or pysaml2 is installed."""
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
