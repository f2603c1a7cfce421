"""Packages that do not fit together are one error with its remedy."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def test_an_xmlsec_that_does_not_fit_is_one_error_with_the_remedy(tmp_path: Path) -> None:
    mismatch = "lxml & xmlsec libxml2 library version mismatch"
    (tmp_path / "xmlsec.py").write_text(f"raise RuntimeError({mismatch!r})\n")
    done = subprocess.run(
        [sys.executable, "manage.py", "check", "--settings", "tests.settings"],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 1
    assert mismatch in last
    assert "--no-binary lxml,xmlsec" in last
