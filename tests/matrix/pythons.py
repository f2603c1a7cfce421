"""Print the path of the newest or oldest supported Python: ``python -m tests.matrix.pythons newest``.

It looks on the PATH and among pyenv's versions, which need not be activated.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tests.matrix.project import PYTHONS

_NAME = re.compile(r"python3\.\d+")
_ASK = """
import ensurepip, sqlite3, ssl, sys, venv
assert sys.version_info.releaselevel == "final"
print(*sys.version_info[:3], sep=".")
"""
"""Fails if Debian has split off a part that a virtual environment needs, and in pyenv's shims."""


class Python(NamedTuple):
    """An interpreter, ordered by its version."""

    version: tuple[int, ...]
    path: Path

    @property
    def text(self) -> str:
        return ".".join(map(str, self.version))


def pythons(folders: Iterable[Path]) -> Iterator[Python]:
    """Yield the supported interpreters in these folders that work."""
    for folder in folders:
        for path in sorted(folder.glob("python3.*")):
            text = _version(path) if _NAME.fullmatch(path.name) else ""
            if text and PYTHONS.contains(text):
                yield Python(tuple(map(int, text.split("."))), path)


def folders() -> Iterator[Path]:
    """Yield the folders in which this machine may have interpreters."""
    yield from (Path(entry) for entry in os.get_exec_path())
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from sorted(root.glob("versions/3.*/bin"))


def _version(path: Path) -> str:
    try:
        done = subprocess.run([path, "-c", _ASK], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


if __name__ == "__main__":
    which = {"newest": max, "oldest": min}[sys.argv[1]]
    chosen = which(pythons(folders()))
    print(chosen.text, chosen.path)  # noqa: T201 -- its purpose
