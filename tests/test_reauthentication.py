"""A decorated view runs only for somebody who has authenticated lately; everybody else is sent off first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from asgiref.sync import async_to_sync
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import include, path
from django.utils.decorators import method_decorator
from django.views import View

from jitprov.middleware import SignedInIdentity
from jitprov.models import IdentityProvider, SignInSession
from jitprov.reauthentication import reauthenticate
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.factories import UserFactory
from tests.support.pages import FENCES

pytestmark = pytest.mark.django_db

OLD = timedelta(hours=2)
ran: list[str] = []


@reauthenticate
def delete(request: HttpRequest) -> HttpResponse:
    ran.append(str(request.method))
    return HttpResponse("deleted")


@reauthenticate(max_age=timedelta(hours=3))
def patient(request: HttpRequest) -> HttpResponse:
    return HttpResponse("done")


@reauthenticate(return_to="/plan/?step=2")
def cancel(request: HttpRequest) -> HttpResponse:
    ran.append(str(request.method))
    return HttpResponse("cancelled")


@reauthenticate(return_to=lambda request: f"{request.path}confirm/")
def close(request: HttpRequest) -> HttpResponse:
    return HttpResponse("closed")


@reauthenticate(allow_other_logins=True)
def lenient(request: HttpRequest) -> HttpResponse:
    return HttpResponse("lenient")


@reauthenticate
async def later(request: HttpRequest) -> HttpResponse:
    return HttpResponse("later")


@method_decorator(reauthenticate(max_age=timedelta(minutes=1)), name="dispatch")
class Remove(View):
    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("removed")


def identity(request: Any) -> HttpResponse:
    return HttpResponse(str(request.user.is_authenticated and bool(request.identity)))


urlpatterns = [
    path("delete/", delete),
    path("patient/", patient),
    path("cancel/", cancel),
    path("close/", close),
    path("lenient/", lenient),
    path("later/", later),
    path("remove/", Remove.as_view()),
    path("identity/", identity),
    path("saml/", include("jitprov.urls")),
]


@pytest.fixture(autouse=True)
def own_urls(settings: Any) -> None:
    settings.ROOT_URLCONF = __name__
    settings.LOGIN_URL = "/saml/login/"
    ran.clear()


@pytest.fixture
def ann(sign_in: Callable[..., Any], client: Client) -> Client:
    """Sign Ann in, and return her browser."""
    assert sign_in(authn_instant=datetime.now(UTC)).status_code == 302
    return client


@pytest.fixture
def tired(sign_in: Callable[..., Any], client: Client) -> Client:
    """Sign Ann in by an authentication of two hours ago, and return her browser."""
    assert sign_in(authn_instant=datetime.now(UTC) - OLD).status_code == 302
    return client


def wanted(answer: Any) -> str:
    """Return where the person comes back to, from the address to which they are sent."""
    assert answer.status_code == 303
    parts = urlsplit(answer["Location"])
    assert parts.path == "/saml/acme/again/"
    return str(parse_qs(parts.query)["next"][0])


def test_a_fresh_authentication_is_enough(ann: Client) -> None:
    assert ann.get("/delete/").content == b"deleted"
    assert ann.post("/delete/").content == b"deleted"
    assert ann.get("/remove/").content == b"removed"


def test_a_fresh_authentication_costs_what_the_identity_costs(ann: Client) -> None:
    ann.get("/identity/")  # now the cache knows that the session goes on
    with CaptureQueriesContext(connection) as plain:
        ann.get("/identity/")
    with CaptureQueriesContext(connection) as guarded:
        ann.get("/delete/")

    assert len(guarded) == len(plain)


def test_an_old_authentication_is_sent_to_another_and_comes_back_to_the_page(tired: Client) -> None:
    answer = tired.get("/delete/?what=all")

    assert wanted(answer) == "/delete/?what=all"
    assert "no-store" in answer["Cache-Control"]
    assert not ran


def test_the_greatest_age_is_a_parameter(tired: Client) -> None:
    assert tired.get("/patient/").content == b"done"
    assert wanted(tired.get("/remove/")) == "/remove/"


def test_an_authentication_in_the_future_is_not_fresh(ann: Client) -> None:
    SignInSession.objects.update(authn_instant=datetime.now(UTC) + OLD)

    assert wanted(ann.get("/delete/")) == "/delete/"


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_a_request_with_a_body_is_not_repeated(tired: Client, method: str) -> None:
    assert wanted(getattr(tired, method)("/delete/")) == "/delete/"
    assert wanted(getattr(tired, method)("/cancel/")) == "/plan/?step=2"
    assert wanted(getattr(tired, method)("/close/")) == "/close/confirm/"
    assert not ran


def test_after_the_round_trip_the_person_confirms_again(
    tired: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    leaving = tired.get(tired.post("/delete/")["Location"])
    request = fake_identity_provider.read_request(leaving["Location"])
    assert request.force_authn
    back: Any = saml_sign_in.deliver(fake_identity_provider.answer(request))

    assert back["Location"] == "/delete/"
    assert not ran
    assert tired.get("/delete/").content == b"deleted"
    assert tired.post("/delete/").content == b"deleted"


def test_nobody_goes_to_the_login(client: Client) -> None:
    answer = client.post("/cancel/")

    assert answer["Location"] == "/saml/login/?next=/plan/%3Fstep%3D2"


def test_a_login_of_another_kind_is_refused_unless_it_is_allowed(client: Client) -> None:
    client.force_login(UserFactory.create())

    assert client.get("/delete/").status_code == 403
    assert client.get("/lenient/").content == b"lenient"


def test_the_allowance_for_others_does_not_count_for_people_of_a_directory(tired: Client) -> None:
    assert wanted(tired.get("/lenient/")) == "/lenient/"


def test_a_session_that_was_ended_goes_to_the_login(ann: Client, idp: IdentityProvider) -> None:
    SignInSession.objects.all().delete()

    assert ann.get("/delete/")["Location"].startswith("/saml/login/")


def test_an_asynchronous_view_is_guarded_likewise(ann: Client) -> None:
    async def get() -> Any:
        browser = AsyncClient()
        browser.cookies = ann.cookies
        return await browser.get("/later/")

    assert async_to_sync(get)().content == b"later"
    SignInSession.objects.update(authn_instant=datetime.now(UTC) - OLD)
    assert wanted(async_to_sync(get)()) == "/later/"


def test_without_the_middleware_it_says_what_is_missing() -> None:
    with pytest.raises(ImproperlyConfigured, match="SignInSessionMiddleware"):
        delete(RequestFactory().get("/"))


@pytest.mark.parametrize("max_age", [timedelta(0), timedelta(minutes=-1)])
def test_an_age_that_nothing_could_have_is_refused(max_age: timedelta) -> None:
    with pytest.raises(ValueError, match="max_age"):
        reauthenticate(max_age=max_age)


def test_the_view_of_the_how_to_is_guarded(tired: Client) -> None:
    (fence,) = [one for one in FENCES if (one.language, one.role) == ("python", "dangerous")]
    names: dict[str, Any] = {}
    exec(fence.code, names)  # noqa: S102 -- our own page
    request: Any = RequestFactory().post("/")
    request.user, request.identity = (
        UserFactory.create(),
        SignedInIdentity(
            identity_provider="acme",
            external_id="ann",
            authn_context="",
            authn_instant=datetime.now(UTC) - OLD,
            ends_at=None,
        ),
    )

    assert wanted(names["cancel_plan"](request)) == "/plan/"
