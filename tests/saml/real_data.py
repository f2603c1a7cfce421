"""Find documents of real identity providers, which are not part of this repository.

``JITPROV_REAL_DATA`` names the folder; without it, ``shared/data`` beside the checkout is looked at. Tests that need
it are skipped where it is absent.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(
    os.environ.get("JITPROV_REAL_DATA") or Path(__file__).parents[3] / "shared/data"
).resolve()

needs_real_data = pytest.mark.skipif(
    not ROOT.is_dir(), reason="no real-world documents here; set JITPROV_REAL_DATA to their folder"
)


def metadata_files() -> list[str]:
    return sorted(path.name for path in (ROOT / "metadata").glob("*.xml"))


def metadata(name: str) -> bytes:
    return (ROOT / "metadata" / name).read_bytes()


def response(name: str) -> bytes:
    return (ROOT / "responses" / name).read_bytes()


def response_certificate(name: str) -> str:
    return (ROOT / "responses" / "certificates" / name).read_text()
