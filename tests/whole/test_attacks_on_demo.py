"""Attacks over HTTP on the demo as it is set up: attacks_on_demo.py, in a process of its own with the demo's settings."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ATTACKS = Path(__file__).with_name("attacks_on_demo.py")
CHECKOUT = ATTACKS.parents[2]
AS_IT_IS = ("--override-ini", "django_debug_mode=keep")
"""The demo runs with DEBUG, and lets its directory have a URL of http."""


def test_every_attack_on_the_demo_gets_nowhere(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    kept.pop("DATABASE_URL", None)
    shutil.copy(ATTACKS, tmp_path / "tests.py")  # where no conftest.py of ours is
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *AS_IT_IS, "tests.py"],
        cwd=tmp_path,
        env={
            **kept,
            "DJANGO_SETTINGS_MODULE": "example_site.settings",
            "PYTHONPATH": str(CHECKOUT),
            "DATA_DIR": str(tmp_path),
        },
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout), done.stdout
    assert not re.search(r"\d+ (skipped|xfailed|deselected)", done.stdout), done.stdout
