"""Those of Django's settings that only a browser feels: with each of them a whole sign-in works in a real one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.core.handlers.wsgi import WSGIHandler
from django.test import Client
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from jitprov.models import EmailDomain, IdentityProvider, ProvisioningEvent, TestSignIn
from tests.e2e.chromium import PATIENCE, chromium
from tests.e2e.conftest import Connect, Start
from tests.e2e.directory import ANN_AT_WORK, Behaviour
from tests.e2e.host import Connection
from tests.e2e.peers import require_chromium
from tests.e2e.test_chromium import fill_in
from tests.setup.pages import administrator_of, url
from tests.support.accounts.models import User

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.e2e

FELT: dict[str, dict[str, Any]] = {
    "cookies as strict as can be": {
        "SESSION_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_SAMESITE": "Strict",
        "CSRF_COOKIE_HTTPONLY": True,
    },
    "cookies for frames": {
        "SESSION_COOKIE_SAMESITE": "None",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_SECURE": True,
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": None,
    },
    "cookies without the attribute": {
        "SESSION_COOKIE_SAMESITE": False,
        "CSRF_USE_SESSIONS": True,
        "SECURE_CROSS_ORIGIN_OPENER_POLICY": "same-origin",
    },
    "sessions in cookies": {
        "SESSION_ENGINE": "django.contrib.sessions.backends.signed_cookies",
    },
    "no referrer, so that forms have no origin": {"SECURE_REFERRER_POLICY": "no-referrer"},
    "other addresses and words": {
        "LOGIN_REDIRECT_URL": "jitprov:discovery",
        "APPEND_SLASH": False,
        "LANGUAGE_CODE": "de",
        "USE_THOUSAND_SEPARATOR": True,
    },
}
"""Several at once, where they do not meet: a sign-in in a browser takes seconds."""


@pytest.fixture
def connection(start_pysaml2: Start, connect_to: Connect) -> Connection:
    require_chromium()
    idp = start_pysaml2(Behaviour())
    idp.know({"ann": ANN_AT_WORK})
    connection = connect_to(idp)
    row = IdentityProvider.objects.get()
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    return connection


@contextmanager
def browser_of_somebody(*cookies: Any) -> Iterator[Page]:
    with chromium() as browser:
        context = browser.new_context()
        context.set_default_timeout(PATIENCE)
        context.add_cookies(list(cookies))
        yield context.new_page()


def first_and_returning(connection: Connection) -> None:
    for outcome in ("created", "unchanged"):
        with browser_of_somebody() as page:
            page.goto(connection.login_url("/?report=7"))
            fill_in(page)
            page.wait_for_url(f"{connection.base_url}/?report=7")
            shown = page.inner_text("body")
        assert shown == str(User.objects.get())
        assert ProvisioningEvent.objects.latest("pk").outcome == outcome


def discovered(connection: Connection) -> None:
    with browser_of_somebody() as page:
        page.goto(f"{connection.base_url}/saml/login/?next=/%3Freport%3D8")
        page.fill("input[name=email]", "ann@acme.example")
        page.press("input[name=email]", "Enter")
        fill_in(page)
        page.wait_for_url(f"{connection.base_url}/?report=8")


def refused(connection: Connection) -> None:
    User.objects.update(is_active=False)
    with browser_of_somebody() as page:
        page.goto(connection.login_url())
        fill_in(page)
        page.wait_for_url(f"{connection.base_url}/saml/**")
        shown = page.inner_text("body")
    assert ProvisioningEvent.objects.latest("pk").reference in shown
    User.objects.update(is_active=True)


def rehearsed(connection: Connection) -> None:
    row = IdentityProvider.objects.get()
    client = Client()
    client.force_login(administrator_of(row), backend="django.contrib.auth.backends.ModelBackend")
    cookie = {
        "name": "sessionid",
        "value": client.cookies["sessionid"].value,
        "url": connection.base_url,
    }
    address = f"{connection.base_url}{url('change', row.pk)}"
    with browser_of_somebody(cookie) as page:
        page.goto(f"{address}?step=test")
        page.locator("#test [form=jitprov-test]").click()
        fill_in(page)
        page.wait_for_url(f"{connection.base_url}/admin/**")
    test = TestSignIn.objects.latest("pk")
    assert (test.passed, test.code) == (True, "")


@contextmanager
def middleware_made_anew(live_server: LiveServer) -> Iterator[None]:
    """Serve by middleware that reads the settings of now, because most reads them only once."""
    server: Any = live_server.thread.httpd
    before = server.get_app()
    server.set_app(live_server.thread.static_handler(WSGIHandler()))
    yield
    server.set_app(before)


@pytest.mark.parametrize("changed", FELT.values(), ids=FELT)
def test_a_whole_sign_in_works_in_a_browser(
    connection: Connection, live_server: LiveServer, settings: Settings, changed: dict[str, Any]
) -> None:
    for name, value in changed.items():
        setattr(settings, name, value)
    with middleware_made_anew(live_server):
        first_and_returning(connection)
        discovered(connection)
        refused(connection)
        if (
            "SECURE_REFERRER_POLICY" not in changed
        ):  # a check names it: the admin cannot be used then
            rehearsed(connection)
