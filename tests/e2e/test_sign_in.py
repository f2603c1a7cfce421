"""Sign-ins at independent identity providers, over real sockets and with a browser's rules for cookies."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import pytest
from lxml import etree
from pytest_django import Settings

from jitprov.models import Outcome, ProvisioningEvent
from jitprov.saml.encryption import decrypt
from jitprov.saml.types import Binding
from jitprov.saml.xml import SAML
from jitprov.testing import rsa_key_pair
from tests.e2e.browser import Browser
from tests.e2e.conftest import Connect, Start
from tests.e2e.directory import ANN_AT_WORK, ANN_MARRIED, Behaviour
from tests.e2e.host import Connection, identified, response_in, sign_in
from tests.support.accounts.models import User

pytestmark = pytest.mark.e2e


def the_user() -> User:
    """Return the only user."""
    return User.objects.get()


def groups_of(user: User) -> set[str]:
    return set(user.groups.values_list("name", flat=True))


def test_first_sign_in_creates_the_person_as_mapped(start_idp: Start, connect_to: Connect) -> None:
    idp = start_idp(Behaviour())
    connection = connect_to(idp)
    idp.know({"ann": ANN_AT_WORK})
    browser = Browser()

    page = sign_in(browser, connection, "ann", next_url="/?report=7")

    user = the_user()
    assert (page.status, page.text) == (200, str(user))
    assert page.url == f"{connection.base_url}/?report=7"
    assert (user.first_name, user.last_name, user.email, user.department) == (
        "Ann",
        "Archer",
        "ann.archer@acme.example",
        "Research",
    )
    assert groups_of(user) == {"Editors", "Readers"}
    assert not user.has_usable_password()
    assert not connection.in_progress(browser)
    assert ProvisioningEvent.objects.get().outcome == Outcome.CREATED


def test_second_sign_in_updates_the_same_person(start_idp: Start, connect_to: Connect) -> None:
    idp = start_idp(Behaviour())
    connection = connect_to(idp)
    idp.know({"ann": ANN_AT_WORK})
    sign_in(Browser(), connection, "ann")
    before = the_user()
    idp.know({"ann": ANN_MARRIED})

    page = sign_in(Browser(), connection, "ann")

    after = the_user()
    assert page.text == str(after)
    assert after.pk == before.pk
    assert (after.last_name, after.email) == ("Baker", "ann.baker@acme.example")
    assert groups_of(after) == {"Readers"}
    event = ProvisioningEvent.objects.latest("pk")
    assert event.outcome == Outcome.UPDATED
    assert {"email", "groups", "last_name"} <= set(event.changed_fields)


def test_encrypted_assertion_is_decrypted(start_idp: Start, connect_to: Connect) -> None:
    idp = start_idp(Behaviour(encrypt=True))
    connection = connect_to(idp)
    idp.know({"ann": ANN_AT_WORK})
    browser = Browser()

    answer = identified(browser, browser.open(connection.login_url()), "ann")
    page = browser.send(answer)

    assert "EncryptedAssertion" in response_in(answer)
    assert "Archer" not in response_in(answer)
    assert page.text == str(the_user())
    assert the_user().last_name == "Archer"


def test_encrypted_assertion_may_bind_other_prefixes_than_its_response(
    start_pysaml2: Start, connect_to: Connect
) -> None:
    """Moving the decrypted element into the response would rewrite its prefixes, and so break its signature."""
    idp = start_pysaml2(Behaviour(encrypt=True))
    connection = connect_to(idp)
    idp.know({"ann": ANN_AT_WORK})
    browser = Browser()

    answer = identified(browser, browser.open(connection.login_url()), "ann")
    page = browser.send(answer)

    encrypted = etree.fromstring(response_in(answer).encode()).find(f"{{{SAML}}}EncryptedAssertion")
    assert encrypted is not None
    inside = etree.fromstring(decrypt(encrypted, [rsa_key_pair("sp")]))
    assert inside.tag == f"{{{SAML}}}Assertion"
    assert inside.prefix != encrypted.prefix
    assert page.text == str(the_user())


def test_encrypted_for_a_key_that_we_do_not_have_is_refused(
    start_idp: Start, connect_to: Connect, settings: Settings
) -> None:
    idp = start_idp(Behaviour(encrypt=True))
    connection = connect_to(idp)
    idp.know({"ann": ANN_AT_WORK})
    settings.JITPROV_SP_KEY_PAIRS = []

    page = sign_in(Browser(), connection, "ann")

    assert page.status == 403
    assert "decryption_key_missing" in page.text
    assert not User.objects.exists()


@pytest.mark.parametrize("binding", [Binding.REDIRECT, Binding.POST], ids=["redirect", "form"])
def test_signed_request_satisfies_an_idp_that_insists(
    start_idp: Start, connect_to: Connect, settings: Settings, binding: Binding
) -> None:
    settings.JITPROV_SIGN_REQUESTS = True
    idp = start_idp(Behaviour(verify_requests=True, binding=binding))
    connection = connect_to(idp)
    idp.know({"ann": ANN_AT_WORK})

    page = sign_in(Browser(), connection, "ann")

    assert page.text == str(the_user())


def test_signed_request_with_the_signature_of_another_is_refused_by_an_idp_that_insists(
    start_idp: Start, connect_to: Connect, settings: Settings
) -> None:
    settings.JITPROV_SIGN_REQUESTS = True
    idp = start_idp(Behaviour(verify_requests=True))
    connection = connect_to(idp)
    one, other = request_url(connection), request_url(connection)

    page = Browser().open(with_query(one, Signature=query_of(other)["Signature"]))

    assert "SigAlg" in query_of(one)
    assert "signature" in page.text.lower()
    assert 'type="password"' not in page.html


def request_url(connection: Connection) -> str:
    """Return the URL to which our login page sends a browser."""
    browser = Browser()
    browser.open(connection.login_url())
    return browser.visited[1]


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def with_query(url: str, **changed: str) -> str:
    query = urlencode({**query_of(url), **changed})
    return urlunsplit(urlsplit(url)._replace(query=query))
