"""A real browser with default cookies, the host on localhost and the identity provider on 127.0.0.1: two sites."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from django.conf import settings as django_settings

from jitprov.saml.types import Binding
from tests.e2e.chromium import chromium
from tests.e2e.conftest import Connect, Start
from tests.e2e.directory import ANN_AT_WORK, PASSWORD, Behaviour
from tests.e2e.host import Connection
from tests.e2e.peers import require_chromium
from tests.support.accounts.models import User

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.e2e


@contextmanager
def one_person() -> Iterator[BrowserContext]:
    """Start the browser without cookies."""
    with chromium() as browser:
        context = browser.new_context()
        context.set_default_timeout(15_000)
        yield context


@pytest.fixture
def connection(request: pytest.FixtureRequest, start_idp: Start, connect_to: Connect) -> Connection:
    require_chromium()
    idp = start_idp(Behaviour(binding=getattr(request, "param", Binding.REDIRECT)))
    idp.know({"ann": ANN_AT_WORK})
    return connect_to(idp)


def fill_in(page: Page) -> None:
    page.fill("input[name=username]", "ann")
    page.fill("input[name=password]", PASSWORD)
    page.press("input[name=password]", "Enter")


def test_a_sign_in_works_although_the_session_cookie_is_not_sent_with_the_response(
    connection: Connection,
) -> None:
    assert django_settings.SESSION_COOKIE_SAMESITE == "Lax"
    with one_person() as browser:
        page = browser.new_page()
        page.goto(connection.login_url("/?report=7"))
        at_the_idp = page.url
        fill_in(page)
        page.wait_for_url(f"{connection.base_url}/?report=7")
        shown = page.inner_text("body")
        cookies = {cookie["name"]: cookie for cookie in browser.cookies(connection.base_url)}

    assert at_the_idp.startswith("http://127.0.0.1:")
    assert connection.base_url.startswith("http://localhost:")
    assert shown == str(User.objects.get())
    assert cookies["sessionid"]["sameSite"] == "Lax"
    assert not any(name.startswith("__Host-jitprov-") for name in cookies)


def test_two_tabs_can_sign_in_at_once(connection: Connection) -> None:
    with one_person() as browser:
        tabs = {f"{connection.base_url}/?tab={number}": browser.new_page() for number in (1, 2)}
        for target, tab in tabs.items():
            tab.goto(connection.login_url(target.removeprefix(connection.base_url)))
        for target, tab in tabs.items():
            fill_in(tab)
            tab.wait_for_url(target)
        shown = {tab.inner_text("body") for tab in tabs.values()}

    assert shown == {str(User.objects.get())}


@pytest.mark.parametrize("connection", [Binding.POST], indirect=True, ids=["form"])
def test_the_request_form_submits_itself(connection: Connection) -> None:
    with one_person() as browser:
        page = browser.new_page()
        page.goto(connection.login_url())
        page.wait_for_url("http://127.0.0.1:*/**")
        fill_in(page)
        page.wait_for_url(f"{connection.base_url}/")
        shown = page.inner_text("body")

    assert shown == str(User.objects.get())


def test_a_frame_of_another_page_offers_a_window_that_signs_in(connection: Connection) -> None:
    with one_person() as browser:
        page = browser.new_page()
        # Another site to the browser, which is the same process.
        page.goto(connection.base_url.replace("localhost", "127.0.0.1"))
        framing = f'<iframe name="tab" src="{connection.login_url("/?tab=1")}"></iframe>'
        page.evaluate("html => { document.body.innerHTML = html }", framing)
        tab = page.frame_locator("[name=tab]")
        with browser.expect_page() as opened:
            tab.get_by_role("link", name="Sign in").click()
        window = opened.value
        fill_in(window)
        window.wait_for_url(f"{connection.base_url}/?tab=1")
        shown = window.inner_text("body")

    assert shown == str(User.objects.get())
