"""The block of docs/explanation/performance.md that ``make bench ARGS=--write`` writes; the text around it is ours."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.databases import Server
from tests.bench.environment import ROOT

PAGE = ROOT / "docs" / "explanation" / "performance.md"
BEGIN = "<!-- Written by make bench ARGS=--write: change nothing from here -->"
END = "<!-- to here -->"


def machine(servers: Iterable[Server], compared: Iterable[str]) -> str:
    """Say where and with what the numbers were made."""
    parts = [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{_processor()}, {os.cpu_count()} logical cores",
        f"{platform.system()} {platform.machine()}",
        f"Python {platform.python_version()}",
        *(f"{name} {version(name)}" for name in ("Django", "lxml", "xmlsec", "python3-saml")),
        *compared,
        *(f"{server.name} {server.version}" for server in servers),
    ]
    return "; ".join(parts) + "."


def write(block: str, page: Path = PAGE) -> None:
    """Replace the block."""
    text = page.read_text(encoding="utf-8")
    before, after = text.partition(BEGIN)[0], text.partition(END)[2]
    page.write_text(f"{before}{BEGIN}\n\n{block}\n\n{END}{after}", encoding="utf-8")


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or "unknown processor"
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else "unknown processor"
