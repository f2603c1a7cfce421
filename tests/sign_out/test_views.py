"""A logout that begins here: the session ends first, and whatever the directory answers, the person ends up signed out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth.views import LogoutView as DjangoLogoutView
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import include, path

from jitprov.models import IdentityProvider, SignInSession
from jitprov.saml.types import Binding, NameID
from jitprov.sign_out.cookies import PENDING
from jitprov.sign_out.views import SingleLogoutMixin
from jitprov.testing import ANN, FakeIdentityProvider, rsa_key_pair
from jitprov.testing.knobs import EMAIL_ADDRESS_FORMAT, SUCCESS
from jitprov.testing.logout import FakeLogout, SentLogout, answer_logout, read_logout
from jitprov.testing.round_trip import SignIn
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db

LOGOUT = "/saml/logout/"
SLO = "/saml/acme/slo/"
SLO_URL = f"https://app.example{SLO}"
PARTIAL = "urn:oasis:names:tc:SAML:2.0:status:PartialLogout"
RESPONDER = "urn:oasis:names:tc:SAML:2.0:status:Responder"


def home(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(request.user))


class OwnLogoutView(SingleLogoutMixin, DjangoLogoutView):
    """As the documentation says."""

    next_page = "/bye/"


urlpatterns = [
    path("", home),
    path("leave/", OwnLogoutView.as_view()),
    path("saml/", include("jitprov.urls")),
]


@pytest.fixture(autouse=True)
def host(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.JITPROV_SP_KEY_PAIRS = [rsa_key_pair("sp")]


@pytest.fixture(params=list(Binding), ids=["redirect", "post"])
def binding(request: pytest.FixtureRequest, idp: IdentityProvider) -> Binding:
    IdentityProvider.objects.update(slo_binding=request.param)
    return Binding(request.param)


@pytest.fixture
def ann(sign_in: Callable[..., Any], client: Client) -> Client:
    """Sign Ann in, and return her browser."""
    name_id = NameID(
        value="  Ann & co. ",
        format=EMAIL_ADDRESS_FORMAT,
        sp_name_qualifier="https://app.example/saml/acme/metadata/",
    )
    assert sign_in(name_id=name_id, session_index="_one").status_code == 302
    return client


def is_in(browser: Client) -> bool:
    return browser.get("/").content.decode() != "AnonymousUser"


def sent_by(answer: Any) -> SentLogout:
    """Return the message with which a browser is sent off."""
    if answer.status_code == 302:
        return read_logout(answer["Location"])
    return read_logout(answer.context["fields"])


def bring(browser: Client, message: FakeLogout, **how: Any) -> Any:
    if message.binding is Binding.REDIRECT:
        return browser.get(f"{SLO}?{message.query}", secure=True, **how)
    return browser.post(SLO, message.form, secure=True, **how)


# Before


def test_the_page_has_a_button_and_ends_nothing(ann: Client) -> None:
    answer = ann.get(f"{LOGOUT}?next=/bye/")
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert '<form method="post">' in shown
    assert 'name="next" value="/bye/"' in shown
    assert "csrfmiddlewaretoken" in shown
    assert is_in(ann)


def test_a_post_of_another_site_ends_nothing(ann: Client) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = ann.cookies
    assert strict.post(LOGOUT).status_code == 403
    assert is_in(ann)


def test_somebody_who_is_not_signed_in_is_told_so(client: Client) -> None:
    shown = client.get(LOGOUT).content.decode()
    assert "You are signed out here" in shown
    assert "<form" not in shown


def test_the_page_leads_to_no_other_site(client: Client) -> None:
    shown = client.get(f"{LOGOUT}?next=https://evil.example/").content.decode()
    assert "evil" not in shown


# To the identity provider


def test_the_session_ends_here_first_and_then_the_directory_is_asked(
    ann: Client, fake_identity_provider: FakeIdentityProvider, binding: Binding
) -> None:
    answer = ann.post(LOGOUT, {"next": "/bye/"})

    assert not is_in(ann)
    assert not SignInSession.objects.exists()
    sent = sent_by(answer)
    assert sent.signed
    assert sent.name_id == NameID(
        value="  Ann & co. ",
        format=EMAIL_ADDRESS_FORMAT,
        sp_name_qualifier="https://app.example/saml/acme/metadata/",
    )
    assert sent.session_indexes == ["_one"]
    assert sent.root.get("Destination") == fake_identity_provider.slo_url
    if binding is Binding.POST:
        assert answer.context["action"] == fake_identity_provider.slo_url
    cookie = answer.cookies[PENDING]
    assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("None", True, True)


def test_after_success_the_person_goes_where_they_wanted(
    ann: Client, fake_identity_provider: FakeIdentityProvider, binding: Binding
) -> None:
    sent = sent_by(ann.post(LOGOUT, {"next": "/bye/"}))
    answer = bring(ann, answer_logout(fake_identity_provider, SLO_URL, sent.id, binding=binding))
    assert (answer.status_code, answer["Location"]) == (302, "/bye/")
    assert not ann.cookies[PENDING].value


@pytest.mark.parametrize(
    "how",
    [
        {"statuses": [SUCCESS, PARTIAL]},
        {"statuses": [RESPONDER]},
        {"sign": False},
        {"signing_key_pair": rsa_key_pair("mallory")},
        {"issuer": "https://evil.example/"},
        {"attributes": {"InResponseTo": "another"}},
    ],
)
def test_after_any_other_answer_the_person_is_told_what_is_sure(
    ann: Client,
    fake_identity_provider: FakeIdentityProvider,
    binding: Binding,
    how: dict[str, Any],
) -> None:
    sent = sent_by(ann.post(LOGOUT, {"next": "/bye/"}))
    answer = bring(
        ann,
        answer_logout(fake_identity_provider, SLO_URL, sent.id, binding=binding, **how),
        follow=True,
    )
    shown = answer.content.decode()
    assert answer.status_code == 200
    assert "You are signed out here" in shown
    assert "You may still be signed in there" in shown
    assert 'href="/bye/"' in shown
    assert not is_in(ann)


@pytest.mark.parametrize("query", ["", "SAMLResponse=%3F", "SAMLResponse=AAAA&SigAlg=x"])
def test_an_answer_that_cannot_be_read_leads_to_the_same_page(ann: Client, query: str) -> None:
    ann.post(LOGOUT)
    answer = ann.get(f"{SLO}?{query}", secure=True, follow=True)
    assert answer.status_code == 200
    assert "You may still be signed in there" in answer.content.decode()


def test_somebody_who_has_signed_in_once_more_is_not_told_otherwise(
    ann: Client, sign_in: Callable[..., Any]
) -> None:
    ann.post(LOGOUT)
    sign_in()
    assert is_in(ann)
    shown = ann.get(f"{SLO}?SAMLResponse=%3F", secure=True, follow=True).content.decode()
    assert "You are signed out here</h1>" not in shown
    assert '<form method="post">' in shown


def test_an_answer_that_nobody_waits_for_says_nothing(
    ann: Client, fake_identity_provider: FakeIdentityProvider
) -> None:
    answer = bring(ann, answer_logout(fake_identity_provider, SLO_URL, "idx"))
    assert (answer.status_code, answer["Location"]) == (302, LOGOUT)
    assert "You are signed out here</h1>" not in ann.get(LOGOUT).content.decode()
    assert is_in(ann)


def test_an_answer_at_another_identity_provider_is_not_the_one(
    ann: Client, fake_identity_provider: FakeIdentityProvider
) -> None:
    sent = sent_by(ann.post(LOGOUT))
    IdentityProvider.objects.update(slug="other")
    message = answer_logout(fake_identity_provider, SLO_URL, sent.id)
    answer = ann.get(f"/saml/other/slo/?{message.query}", secure=True)
    assert (answer.status_code, answer["Location"]) == (302, LOGOUT)


def test_a_cookie_that_somebody_else_wrote_is_nothing(
    client: Client, idp: IdentityProvider
) -> None:
    client.cookies[PENDING] = "eyJ4IjoxfQ:1:x"
    assert client.get(SLO, secure=True).status_code == 400


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example/", "javascript:x"])
def test_next_leads_to_no_other_site(
    ann: Client, fake_identity_provider: FakeIdentityProvider, wanted: str
) -> None:
    sent = sent_by(ann.post(LOGOUT, {"next": wanted}))
    answer = bring(ann, answer_logout(fake_identity_provider, SLO_URL, sent.id))
    assert answer["Location"] == LOGOUT


def test_the_setting_of_django_says_where_to_go_otherwise(
    ann: Client, fake_identity_provider: FakeIdentityProvider, settings: Any
) -> None:
    settings.LOGOUT_REDIRECT_URL = "https://www.example.com/goodbye/"
    sent = sent_by(ann.post(LOGOUT))
    answer = bring(ann, answer_logout(fake_identity_provider, SLO_URL, sent.id))
    assert answer["Location"] == "https://www.example.com/goodbye/"


def test_an_answer_that_is_too_late_is_not_waited_for(
    ann: Client, fake_identity_provider: FakeIdentityProvider, settings: Any
) -> None:
    sent = sent_by(ann.post(LOGOUT))
    settings.JITPROV_REQUEST_LIFETIME = -1
    answer = bring(ann, answer_logout(fake_identity_provider, SLO_URL, sent.id))
    assert answer["Location"] == LOGOUT


# Only here


def only_here(browser: Client) -> bool:
    answer: Any = browser.post(LOGOUT, {"next": "/bye/"})
    return (answer.status_code, answer["Location"]) == (302, "/bye/") and not is_in(browser)


def test_without_a_logout_url_the_logout_is_only_here(ann: Client) -> None:
    IdentityProvider.objects.update(slo_url="")
    assert only_here(ann)
    assert not SignInSession.objects.exists()


def test_without_a_key_the_logout_is_only_here(ann: Client, settings: Any) -> None:
    settings.JITPROV_SP_KEY_PAIRS = []
    assert only_here(ann)


def test_without_a_key_a_request_goes_to_who_takes_it_unsigned(ann: Client, settings: Any) -> None:
    settings.JITPROV_SP_KEY_PAIRS = []
    IdentityProvider.objects.update(preset="entra")
    sent = sent_by(ann.post(LOGOUT))
    assert not sent.signed
    assert sent.session_indexes == ["_one"]


def test_with_a_key_that_cannot_be_used_the_logout_is_only_here(ann: Client, settings: Any) -> None:
    settings.JITPROV_SP_KEY_PAIRS = [
        {"certificate": rsa_key_pair("sp").certificate, "private_key": "none"}
    ]
    assert only_here(ann)


def test_a_session_whose_name_id_cannot_be_read_ends_only_here(ann: Client) -> None:
    SignInSession.objects.update(sealed_name_id="")
    assert only_here(ann)


def test_a_session_that_is_ended_already_ends_only_here(ann: Client) -> None:
    SignInSession.objects.all().delete()
    assert only_here(ann)


def test_a_session_of_a_password_ends_only_here(client: Client) -> None:
    client.force_login(UserFactory.create())
    assert is_in(client)
    assert only_here(client)


def test_another_session_of_the_same_person_goes_on(
    ann: Client, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    other = Client()
    assert SignIn(other)(idp, fake_identity_provider, ANN).status_code == 302
    ann.post(LOGOUT)
    assert not is_in(ann)
    assert is_in(other)


def test_a_copy_of_the_session_ends_too(ann: Client) -> None:
    """Such as one of an engine that keeps everything in the cookie."""
    session = {name: cookie.value for name, cookie in ann.cookies.items()}
    kept = Session.objects.get()
    ann.post(LOGOUT)
    kept.save()
    thief = Client()
    for name, value in session.items():
        thief.cookies[name] = value
    assert not is_in(thief)


# The host's own view


def test_the_hosts_own_logout_goes_to_the_directory_and_back(
    ann: Client, fake_identity_provider: FakeIdentityProvider, binding: Binding
) -> None:
    sent = sent_by(ann.post("/leave/"))
    assert not is_in(ann)
    answer = bring(ann, answer_logout(fake_identity_provider, SLO_URL, sent.id, binding=binding))
    assert answer["Location"] == "/bye/"


def test_the_hosts_own_logout_is_its_own_without_us(client: Client) -> None:
    client.force_login(UserFactory.create())
    answer = client.post("/leave/")
    assert (answer.status_code, answer["Location"]) == (302, "/bye/")


def test_a_logout_costs_few_statements(ann: Client) -> None:
    with CaptureQueriesContext(connection) as queries:
        ann.post(LOGOUT)
    ours = [one["sql"] for one in queries.captured_queries if "signinsession" in one["sql"]]
    # Whether it goes on (the middleware), which it is, and its end.
    assert len(ours) <= 4


def test_no_name_id_is_in_a_url_of_ours_or_in_a_cookie(ann: Client) -> None:
    answer = ann.post(LOGOUT)
    assert ANN.upn not in str(answer.cookies)
    assert urlsplit(answer["Location"]).hostname == "login.microsoftonline.com"
