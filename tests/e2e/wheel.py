"""Build the wheel from this checkout, and install it without extras in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

from tests.e2e.peers import absent
from tests.support.pages import ROOT


def build(folder: Path) -> Path:
    """Build the wheel, and return its path."""
    _pip(Path(sys.executable), "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT))
    [wheel] = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path) -> Path:
    """Install a wheel into a new virtual environment, and return its Python."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python = folder / "bin" / "python"
    _pip(python, "install", str(wheel))
    return python


def files_of(wheel: Path) -> set[str]:
    """Return the files that are installed as the package."""
    with ZipFile(wheel) as archive:
        return {name for name in archive.namelist() if ".dist-info/" not in name}


def about(wheel: Path, file: str) -> str:
    """Return one of the files that describe the wheel."""
    with ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(f".dist-info/{file}")]
        return archive.read(name).decode()


def _pip(python: Path, *arguments: str) -> None:
    """Run pip, which needs an index for the requirements and the build backend of the wheel."""
    done = subprocess.run(
        [python, "-m", "pip", *arguments],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        absent(f"pip could not {arguments[0]}:\n{done.stdout[-2000:]}")
