"""Find programs of other projects on this machine, and skip the tests of those that are missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import pytest

SIMPLESAMLPHP_WWW = Path("/usr/share/simplesamlphp/www")
CHROMIUM = Path("/usr/bin/chromium")
_PHP_EXTENSIONS = ("dom", "mbstring", "openssl", "session")


def require_simplesamlphp() -> None:
    _require("SimpleSAMLphp", [*_programs("php"), *_paths(SIMPLESAMLPHP_WWW), *_php_extensions()])


def require_pysaml2() -> None:
    _require("pysaml2", [*_programs("xmlsec1"), *_modules("saml2", "werkzeug")])


def require_chromium() -> None:
    _require("Chromium", [*_paths(CHROMIUM), *_modules("playwright")])


def require_schemathesis() -> None:
    _require("Schemathesis", [*_modules("schemathesis")])


def require_axe() -> None:
    _require("axe-core", [*_modules("axe_playwright_python")])


def _require(peer: str, missing: list[str]) -> None:
    if missing:
        absent(f"{peer} is not here: no {', no '.join(missing)}")


def absent(reason: str) -> NoReturn:
    """Skip the test, or fail it if every peer is required."""
    if os.environ.get("JITPROV_REQUIRE_PEERS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _programs(*names: str) -> Iterator[str]:
    return (f"program {name}" for name in names if shutil.which(name) is None)


def _paths(*paths: Path) -> Iterator[str]:
    return (str(path) for path in paths if not path.exists())


def _modules(*names: str) -> Iterator[str]:
    return (f"Python module {name}" for name in names if find_spec(name) is None)


def _php_extensions() -> Iterator[str]:
    php = shutil.which("php")
    if php is None:
        return iter(())
    listed = subprocess.run([php, "-m"], capture_output=True, text=True, check=True).stdout
    loaded = set(listed.lower().split())
    return (f"PHP extension {name}" for name in _PHP_EXTENSIONS if name not in loaded)
