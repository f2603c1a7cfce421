"""Sign-ins that begin in the identity provider's portal: the response is not accepted, but the person is signed in."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from example_site.demo.page import Page
from jitprov.models import IdentityProvider, ProvisioningEvent, UnsolicitedPolicy
from tests.e2e.browser import Browser
from tests.e2e.conftest import Connect
from tests.e2e.directory import ANN_AT_WORK, Behaviour
from tests.e2e.host import Connection, identified, response_in
from tests.e2e.simplesamlphp import SimpleSamlPhp
from tests.support.accounts.models import User

pytestmark = pytest.mark.e2e

StartSimpleSamlPhp = Callable[[Behaviour], SimpleSamlPhp]


@pytest.fixture
def idp(start_simplesamlphp: StartSimpleSamlPhp) -> SimpleSamlPhp:
    idp = start_simplesamlphp(Behaviour())
    idp.know({"ann": ANN_AT_WORK})
    return idp


def from_portal(browser: Browser, idp: SimpleSamlPhp, connection: Connection) -> Page:
    """Click our tile and sign in; return the page that carries the unsolicited response."""
    tile = idp.portal_url(connection.metadata_url, relay_state="https://evil.example/")
    return identified(browser, browser.open(tile), "ann")


def test_an_unsolicited_response_is_answered_with_a_request_of_ours(
    idp: SimpleSamlPhp, connect_to: Connect
) -> None:
    connection = connect_to(idp)
    browser = Browser()
    unsolicited = from_portal(browser, idp, connection)

    answer = browser.send(unsolicited)
    nobody_yet = not User.objects.exists()
    page = browser.send(answer)

    assert "InResponseTo" not in response_in(unsolicited)
    assert "InResponseTo" in response_in(answer)
    assert nobody_yet
    assert page.text == str(User.objects.get())
    assert page.url == f"{connection.base_url}/"


def test_an_unsolicited_response_is_refused_if_the_tenant_chooses_so(
    idp: SimpleSamlPhp, connect_to: Connect
) -> None:
    connection = connect_to(idp)
    IdentityProvider.objects.update(unsolicited=UnsolicitedPolicy.REJECT)
    browser = Browser()

    page = browser.send(from_portal(browser, idp, connection))

    assert page.status == 403
    assert not User.objects.exists()
    assert ProvisioningEvent.objects.get().reason == "unsolicited"


def test_an_unsolicited_response_is_accepted_if_the_tenant_chooses_so(
    idp: SimpleSamlPhp, connect_to: Connect
) -> None:
    connection = connect_to(idp)
    IdentityProvider.objects.update(unsolicited=UnsolicitedPolicy.ACCEPT)
    browser = Browser()

    page = browser.send(from_portal(browser, idp, connection))

    assert page.url == f"{connection.base_url}/"  # RelayState is ignored
    assert page.text == str(User.objects.get())
