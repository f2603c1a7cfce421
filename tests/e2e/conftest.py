"""Fixtures with real identity providers and a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

import jitprov
from jitprov.testing import rsa_key_pair
from tests.e2e.directory import Behaviour, RealIdentityProvider
from tests.e2e.host import Connection, connect
from tests.e2e.peers import require_pysaml2, require_simplesamlphp
from tests.e2e.simplesamlphp import SimpleSamlPhp, simplesamlphp
from tests.e2e.wheel import build, install

Start = Callable[[Behaviour], RealIdentityProvider]
Connect = Callable[[RealIdentityProvider], Connection]


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    """Return a stack that ends whatever the test started."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def start_simplesamlphp(stack: ExitStack, tmp_path: Path) -> Callable[[Behaviour], SimpleSamlPhp]:
    require_simplesamlphp()
    return lambda behaviour: stack.enter_context(simplesamlphp(tmp_path / "idp", behaviour))


@pytest.fixture
def start_pysaml2(stack: ExitStack, tmp_path: Path) -> Start:
    require_pysaml2()
    from tests.e2e.pysaml2_idp import pysaml2_idp  # noqa: PLC0415 -- may not be installed

    return lambda behaviour: stack.enter_context(pysaml2_idp(tmp_path / "idp", behaviour))


@pytest.fixture(params=["simplesamlphp", "pysaml2"])
def start_idp(request: pytest.FixtureRequest) -> Start:
    """Start one of the independent identity providers; the test runs once for each."""
    start: Start = request.getfixturevalue(f"start_{request.param}")
    return start


@pytest.fixture
def connect_to(live_server: LiveServer, settings: Settings, tmp_path: Path) -> Connect:
    """Serve a host on http://localhost, and connect a tenant's identity provider to it."""
    settings.JITPROV_BASE_URL = live_server.url
    settings.JITPROV_SP_KEY_PAIRS = [rsa_key_pair("sp")]
    settings.LOGIN_REDIRECT_URL = "/"
    # The server of the tests serves this folder because django.contrib.staticfiles is not installed.
    settings.STATIC_ROOT = str(Path(jitprov.__file__).parent / "static")
    return lambda idp: connect(idp, live_server.url, tmp_path)


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel of this checkout."""
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def bare_python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a Python outside the checkout that has only the wheel and its requirements."""
    return install(wheel, tmp_path_factory.mktemp("bare"))
