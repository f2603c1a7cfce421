"""Write the figures into docs/explanation/performance.md, between two comments; people write the text around."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.databases import Server
from tests.bench.environment import ROOT

PAGE = ROOT / "docs" / "explanation" / "performance.md"
BEGIN = "<!-- Written by make bench ARGS=--write: change nothing from here -->"
END = "<!-- to here -->"


def machine(servers: Iterable[Server], compared: Iterable[str]) -> str:
    """Return the date, the commit, the machine and the versions that the figures belong to."""
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        *_commit(),
        f"{_processor()}, {os.cpu_count()} logical cores",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("Django", "lxml", "xmlsec", "python3-saml")),
        *compared,
        *(f"{server.name} {server.version}" for server in servers),
    ]
    return "; ".join(parts) + "."


def write(block: str, page: Path = PAGE) -> None:
    """Replace what stands between the comments."""
    text = page.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{block}\n\n{END}{after}", encoding="utf-8")


def _commit() -> Iterator[str]:
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--", "jitprov", "tests")
    except (OSError, subprocess.CalledProcessError):
        return
    yield f"commit {commit}{' with changes' if changed else ''}"


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"
