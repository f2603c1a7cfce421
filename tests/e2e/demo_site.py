"""The demo as somebody runs it: a process of its own, with a data folder of its own, on a free port."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.processes import free_port, serving

CHECKOUT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSite:
    """Where the demo is met."""

    port: int
    folder: Path

    @property
    def product(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def directory(self) -> str:
        """Another site, for a browser."""
        return f"http://127.0.0.1:{self.port}"

    def password(self, username: str) -> str:
        """Return what the demo printed when it started."""
        return (self.folder / f"{username}-password.txt").read_text()

    def run(self, code: str) -> str:
        """Run Python in the product, beside the server, and return what it printed."""
        return subprocess.run(
            [sys.executable, "-c", f"import django; django.setup()\n{code}"],
            cwd=CHECKOUT,
            env=self.environment,
            stdout=subprocess.PIPE,
            text=True,
            timeout=60,
            check=True,
        ).stdout

    @property
    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
        return {
            **kept,
            "DJANGO_SETTINGS_MODULE": "example_site.settings",
            "DATA_DIR": str(self.folder),
            "BASE_URL": self.product,
            "DIRECTORY_URL": self.directory,
        }


@contextmanager
def demo_site(folder: Path) -> Iterator[DemoSite]:
    """Serve the demo while the block runs."""
    site = DemoSite(port=free_port(), folder=folder)
    command = [sys.executable, "manage.py", "demo"]
    log = folder / "server.log"
    with serving(command, port=site.port, log=log, cwd=CHECKOUT, env=site.environment):
        yield site
