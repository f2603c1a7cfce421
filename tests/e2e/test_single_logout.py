"""Logouts with independent identity providers, begun here and there, over real sockets."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from example_site.demo.page import Page
from jitprov.models import IdentityProvider, SignInSession
from jitprov.saml.types import Binding
from tests.e2e.browser import Browser, form_of
from tests.e2e.conftest import Connect, Start
from tests.e2e.directory import ANN_AT_WORK, Behaviour, RealIdentityProvider
from tests.e2e.host import Connection, sign_in
from tests.support.accounts.models import User

pytestmark = pytest.mark.e2e

BINDINGS = pytest.mark.parametrize("binding", list(Binding), ids=["redirect", "form"])


def connected(
    start_idp: Start, connect_to: Connect, binding: Binding
) -> tuple[RealIdentityProvider, Connection]:
    idp = start_idp(Behaviour(binding=binding))
    connection = connect_to(idp)
    # Ours has both, and each would choose the other one.
    metadata = Browser().open(connection.metadata_url).html
    idp.trust(only_logout_by(binding, metadata).encode())
    idp.know({"ann": ANN_AT_WORK})
    assert IdentityProvider.objects.get().slo_binding == binding
    return idp, connection


def only_logout_by(binding: Binding, metadata: str) -> str:
    """Return our metadata without the other binding, and so without its signature."""
    other = Binding.POST if binding is Binding.REDIRECT else Binding.REDIRECT
    unsigned = re.sub(r"<ds:Signature .*?</ds:Signature>", "", metadata, flags=re.DOTALL)
    return re.sub(rf'<md:SingleLogoutService Binding="{other.value}"[^>]*/>', "", unsigned)


def onward(browser: Browser, page: Page) -> Page:
    """Send forms as their scripts would, until a page has no message in one."""
    for _ in range(5):
        if not page.forms or not {"SAMLRequest", "SAMLResponse"} & set(form_of(page).fields):
            return page
        page = browser.send(page)
    raise AssertionError(page.html)


@BINDINGS
def test_a_logout_here_ends_the_session_there(
    start_idp: Start, connect_to: Connect, binding: Binding
) -> None:
    _idp, connection = connected(start_idp, connect_to, binding)
    browser = Browser()
    sign_in(browser, connection, "ann")

    button = browser.open(f"{connection.base_url}/saml/logout/?next=/")
    page = onward(browser, browser.send(button))

    assert (page.status, page.url) == (200, f"{connection.base_url}/"), page.html
    assert page.text == "AnonymousUser"
    assert not SignInSession.objects.exists()


@BINDINGS
def test_a_logout_there_ends_the_session_here(
    start_idp: Start, connect_to: Connect, binding: Binding
) -> None:
    idp, connection = connected(start_idp, connect_to, binding)
    browser, elsewhere = Browser(), Browser()
    sign_in(browser, connection, "ann")
    index = SignInSession.objects.get().session_index
    sign_in(elsewhere, connection, "ann")

    page = onward(browser, browser.open(idp.logout_url("ann", index)))

    assert urlsplit(page.url).hostname == "127.0.0.1", page.html
    assert browser.open(f"{connection.base_url}/").text == "AnonymousUser"
    assert elsewhere.open(f"{connection.base_url}/").text == str(User.objects.get())
    answers = [url for url in browser.visited if "SAMLResponse" in parse_qs(urlsplit(url).query)]
    assert bool(answers) is (binding is Binding.REDIRECT)


def test_pysaml2_reads_that_we_succeeded_and_its_own_words_back(
    start_pysaml2: Start, connect_to: Connect
) -> None:
    idp, connection = connected(start_pysaml2, connect_to, Binding.REDIRECT)
    browser = Browser()
    sign_in(browser, connection, "ann")
    page = browser.open(idp.logout_url("ann", SignInSession.objects.get().session_index))
    assert page.text == "urn:oasis:names:tc:SAML:2.0:status:Success a b/c"
