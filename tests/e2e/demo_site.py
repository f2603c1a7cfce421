"""The demo in a separate process, with its own data folder, on a free port."""

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
    """The URLs of a running demo."""

    port: int
    folder: Path
    theme: str = ""
    """The package that gives the admin another look."""

    @property
    def product(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def directory(self) -> str:
        """Return the URL of the directory, which is another site to a browser."""
        return f"http://127.0.0.1:{self.port}"

    def password(self, username: str) -> str:
        """Return the password that the demo printed when it started."""
        return (self.folder / f"{username}-password.txt").read_text()

    def run(self, code: str) -> str:
        """Run Python in the demo's project, and return its output."""
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
            "ADMIN_THEME": self.theme,
        }


@contextmanager
def demo_site(folder: Path, theme: str = "") -> Iterator[DemoSite]:
    """Serve the demo in this block."""
    site = DemoSite(port=free_port(), folder=folder, theme=theme)
    command = [sys.executable, "manage.py", "demo"]
    log = folder / "server.log"
    with serving(command, port=site.port, log=log, cwd=CHECKOUT, env=site.environment):
        yield site
