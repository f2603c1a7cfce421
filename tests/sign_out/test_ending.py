"""A logout that begins at the directory ends exactly what it names, and never claims more than it has ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from jitprov.models import ConsumedAssertion, IdentityProvider, SignInSession
from jitprov.saml.types import Binding, NameID
from jitprov.sign_in.browser import MARKER
from jitprov.testing import ANN, FakeIdentityProvider, SignatureAlgorithm, rsa_key_pair
from jitprov.testing.knobs import EMAIL_ADDRESS_FORMAT, SUCCESS
from jitprov.testing.logout import FakeLogout, SentLogout, read_logout, request_logout
from jitprov.testing.round_trip import SignIn
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

SLO = "/saml/acme/slo/"
SLO_URL = f"https://app.example{SLO}"
BOB = replace(ANN, object_id="bob", upn="bob@acme.example", email="bob@acme.example")
DENIED = [
    "urn:oasis:names:tc:SAML:2.0:status:Responder",
    "urn:oasis:names:tc:SAML:2.0:status:RequestDenied",
]


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


urlpatterns = [path("", home), path("saml/", include("jitprov.urls"))]


@pytest.fixture(autouse=True)
def host(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.JITPROV_SP_KEY_PAIRS = [rsa_key_pair("sp")]
    settings.JITPROV_SESSION_CHECK_AGE = 0


@pytest.fixture(params=list(Binding), ids=["redirect", "post"])
def binding(request: pytest.FixtureRequest, idp: IdentityProvider) -> Binding:
    IdentityProvider.objects.update(slo_binding=request.param)
    return Binding(request.param)


Ask = Callable[..., Any]


@pytest.fixture
def ask(fake_identity_provider: FakeIdentityProvider) -> Ask:
    """Bring a request of the directory with a browser, by default one that has no cookie: a frame of another site."""

    def go(browser: Client | None = None, **knobs: Any) -> Any:
        return bring(browser or Client(), request_logout(fake_identity_provider, SLO_URL, **knobs))

    return go


def bring(browser: Client, message: FakeLogout, *, to: str = SLO) -> Any:
    if message.binding is Binding.REDIRECT:
        return browser.get(f"{to}?{message.query}", secure=True)
    return browser.post(to, message.form, secure=True)


def answered(answer: Any) -> SentLogout:
    if answer.status_code == 302:
        return read_logout(answer["Location"])
    assert answer.status_code == 200, answer.content.decode()
    return read_logout(answer.context["fields"])


@pytest.fixture
def enter(idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider) -> Ask:
    def go(person: Any = ANN, **knobs: Any) -> Client:
        browser = Client()
        answer = SignIn(browser)(idp, fake_identity_provider, person, **knobs)
        assert answer.status_code == 302
        return browser

    return go


def is_in(browser: Client) -> bool:
    return browser.get("/").content.decode() != "AnonymousUser"


def in_a_frame(browser: Client) -> Client:
    """Return the same browser with the cookies that it sends from a frame of another site."""
    framed = Client()
    framed.cookies[MARKER] = browser.cookies[MARKER].value
    return framed


# Signed


def test_a_signed_request_ends_what_it_names_without_a_cookie(
    enter: Ask, ask: Ask, binding: Binding
) -> None:
    one, two, bob = (
        enter(session_index="one"),
        enter(session_index="two"),
        enter(BOB, session_index="one"),
    )
    answer = answered(ask(binding=binding, session_indexes=["one"], relay_state="a b"))
    assert answer.statuses == [SUCCESS]
    assert answer.signed
    assert answer.relay_state == "a b"
    assert not is_in(one)
    assert is_in(two)
    assert is_in(bob)


def test_a_signed_request_without_a_session_ends_all_of_the_person(
    enter: Ask, ask: Ask, binding: Binding
) -> None:
    one, two, bob = enter(session_index="one"), enter(session_index="two"), enter(BOB)
    assert answered(ask(binding=binding)).statuses == [SUCCESS]
    assert not is_in(one)
    assert not is_in(two)
    assert is_in(bob)


def test_entras_own_way_of_writing_is_understood(
    enter: Ask, ask: Ask, fake_identity_provider: FakeIdentityProvider
) -> None:
    ann = enter()
    issuer = f"https://login.microsoftonline.com/{fake_identity_provider.tenant_id}/"
    answer = ask(lower_case=True, relay_state="https://x.example/?a=b", issuer=issuer)
    assert answered(answer).statuses == [SUCCESS]
    assert not is_in(ann)


def test_without_a_session_it_is_a_success_all_the_same(
    ask: Ask, binding: Binding, idp: IdentityProvider
) -> None:
    assert answered(ask(binding=binding)).statuses == [SUCCESS]


def test_the_answer_goes_to_the_endpoint_and_names_the_request(
    fake_identity_provider: FakeIdentityProvider, idp: IdentityProvider
) -> None:
    message = request_logout(fake_identity_provider, SLO_URL)
    answer = answered(bring(Client(), message))
    assert answer.root.get("InResponseTo") == message.id
    assert answer.root.get("Destination") == fake_identity_provider.slo_url


def test_a_request_is_used_once(
    enter: Ask, fake_identity_provider: FakeIdentityProvider, binding: Binding
) -> None:
    message = request_logout(fake_identity_provider, SLO_URL, binding=binding)
    bring(Client(), message)
    ann = enter()
    answer = bring(Client(), message)
    assert answer.status_code == 400
    assert b"logout_replayed" in answer.content
    assert is_in(ann)
    kept = ConsumedAssertion.objects.latest("pk").expires_at
    assert kept > datetime.now(UTC) + timedelta(minutes=5)


def test_the_id_of_an_assertion_is_not_that_of_a_request(
    enter: Ask, ask: Ask, fake_identity_provider: FakeIdentityProvider
) -> None:
    ann = enter(assertion_id="_same")
    answer = ask(attributes={"ID": "_same"})
    assert answered(answer).statuses == [SUCCESS]
    assert not is_in(ann)


def test_another_tenants_directory_ends_nothing_here(enter: Ask, idp: IdentityProvider) -> None:
    ann = enter()
    other = FakeIdentityProvider(tenant_id="another-directory")
    connected(other, slug="other", slo_url=other.slo_url)
    assert bring(Client(), request_logout(other, SLO_URL)).status_code == 403
    elsewhere = "/saml/other/slo/"
    name_id = NameID(value=ANN.upn, format=EMAIL_ADDRESS_FORMAT)
    message = request_logout(other, f"https://app.example{elsewhere}", name_id=name_id)
    assert answered(bring(Client(), message, to=elsewhere)).statuses == [SUCCESS]
    assert is_in(ann)


@pytest.mark.parametrize(
    "how",
    [
        {"signing_key_pair": rsa_key_pair("mallory")},
        {"signature_algorithm": SignatureAlgorithm.RSA_SHA1},
        {"issuer": "https://evil.example/"},
        {"destination": "https://app.example/saml/other/slo/"},
        {"destination": None},
        {"now": datetime(2020, 1, 1, tzinfo=UTC)},
        {"attributes": {"NotOnOrAfter": "2020-01-01T00:00:00Z"}},
    ],
)
def test_a_forged_request_ends_nothing_and_is_not_answered(
    enter: Ask, ask: Ask, binding: Binding, how: dict[str, Any]
) -> None:
    ann = enter()
    answer = ask(in_a_frame(ann), binding=binding, **how)
    assert answer.status_code in (400, 403)
    assert b"You may still be signed in here" in answer.content
    assert is_in(ann)
    assert not ConsumedAssertion.objects.filter(expires_at__lt=datetime.now(UTC)).exists()


def test_an_answer_may_be_in_a_frame(ask: Ask, enter: Ask, binding: Binding) -> None:
    enter()
    assert "X-Frame-Options" not in ask(binding=binding)


def test_without_a_logout_url_the_sessions_end_and_nobody_is_answered(enter: Ask, ask: Ask) -> None:
    ann = enter()
    IdentityProvider.objects.update(slo_url="")
    answer = ask()
    assert (answer.status_code, answer["Location"]) == (302, "/saml/logout/")
    assert not is_in(ann)


def test_a_directory_that_is_switched_off_can_still_end_sessions(enter: Ask, ask: Ask) -> None:
    enter()
    IdentityProvider.objects.update(enabled=False)
    assert answered(ask()).statuses == [SUCCESS]
    assert not SignInSession.objects.exists()


def test_without_a_key_the_answer_is_not_signed(ask: Ask, enter: Ask, settings: Any) -> None:
    ann = enter()
    settings.JITPROV_SP_KEY_PAIRS = []
    answer = answered(ask())
    assert answer.statuses == [SUCCESS]
    assert not answer.signed
    assert not is_in(ann)


def test_nothing_is_claimed_by_a_host_that_does_not_watch_sessions(
    ask: Ask, enter: Ask, settings: Any
) -> None:
    ours = "jitprov.middleware.SignInSessionMiddleware"
    settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if one != ours]
    ann = enter()
    assert answered(ask()).statuses == DENIED
    assert is_in(ann)


# Unsigned


def test_an_unsigned_request_ends_only_the_session_of_this_browser(
    enter: Ask, ask: Ask, binding: Binding
) -> None:
    ann, other = enter(session_index="one"), enter(session_index="two")
    answer = answered(ask(in_a_frame(ann), binding=binding, sign=False))
    assert answer.statuses == [SUCCESS]
    assert not is_in(ann)
    assert is_in(other)


def test_nothing_is_claimed_if_the_browser_keeps_the_cookie_back(
    enter: Ask, ask: Ask, binding: Binding
) -> None:
    ann = enter()
    assert answered(ask(binding=binding, sign=False)).statuses == DENIED
    assert is_in(ann)


@pytest.mark.parametrize(
    "how",
    [
        {"name_id": NameID(value=BOB.upn, format=EMAIL_ADDRESS_FORMAT)},
        {"name_id": NameID(value=ANN.upn)},
        {"session_indexes": ["another"]},
    ],
)
def test_an_unsigned_request_has_to_name_the_person_and_the_session(
    enter: Ask, ask: Ask, binding: Binding, how: dict[str, Any]
) -> None:
    ann = enter(session_index="one")
    assert answered(ask(in_a_frame(ann), binding=binding, sign=False, **how)).statuses == DENIED
    assert is_in(ann)


def test_an_unsigned_request_of_another_issuer_is_refused(enter: Ask, ask: Ask) -> None:
    ann = enter()
    answer = ask(in_a_frame(ann), sign=False, issuer="https://evil.example/")
    assert answer.status_code == 403
    assert is_in(ann)


def test_an_unsigned_request_does_not_use_up_the_id_of_a_signed_one(enter: Ask, ask: Ask) -> None:
    ann = enter()
    ask(sign=False, attributes={"ID": "_same"})
    assert answered(ask(attributes={"ID": "_same"})).statuses == [SUCCESS]
    assert not is_in(ann)


def test_the_marker_only_goes_to_the_logout_url(enter: Ask) -> None:
    cookie = enter().cookies[MARKER]
    assert cookie["path"] == SLO
    assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("None", True, True)


def test_a_marker_that_we_did_not_write_is_nothing(enter: Ask, ask: Ask) -> None:
    ann = enter()
    forged = Client()
    forged.cookies[MARKER] = SignInSession.objects.get().key
    assert answered(ask(forged, sign=False)).statuses == DENIED
    assert is_in(ann)


def test_a_browser_of_a_directory_without_a_logout_url_gets_no_marker(
    enter: Ask, idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(slo_url="")
    assert MARKER not in enter().cookies


# What is no logout message


@pytest.mark.parametrize("query", ["", "SAMLRequest=x", "RelayState=x"])
def test_a_request_without_a_message_is_refused(
    client: Client, idp: IdentityProvider, query: str
) -> None:
    answer = client.get(f"{SLO}?{query}", secure=True)
    assert answer.status_code == 400
    assert client.post(SLO, {}, secure=True).status_code == 400


def test_an_unknown_slug_is_not_found(client: Client) -> None:
    assert client.get("/saml/nobody/slo/", secure=True).status_code == 404


def test_a_program_is_answered_with_json(client: Client, idp: IdentityProvider) -> None:
    answer = client.get(SLO, secure=True, headers={"accept": "application/json"})
    assert answer.json()["error"] == "logout_message_missing"
