"""Nobody is sent round for ever, and nobody who is signed in ends on an error page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from jitprov.models import IdentityProvider, ProvisioningEvent
from jitprov.sign_in.round_trip import MAX_ARRIVALS
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.latest import event

pytestmark = pytest.mark.django_db

ACS = "/saml/acme/acs/"
FROM_ELSEWHERE = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate"}


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


# On the way here


def test_a_response_to_the_url_without_its_slash_is_refused_and_recorded(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    leaving = client.get("/saml/acme/login/")
    answer = fake_identity_provider.answer(
        fake_identity_provider.read_request(leaving["Location"]),
        acs_url="https://app.example/saml/acme/acs",
    )

    response = client.post("/saml/acme/acs", answer.form, follow=True)

    assert response.status_code == 403
    assert event().reason in {"destination_mismatch", "recipient_mismatch"}
    assert event().details["expected"] == "https://app.example/saml/acme/acs/"


@pytest.mark.parametrize(
    ("url", "headers"),
    [
        (f"{ACS}?SAMLResponse=AAAA", {}),
        (f"{ACS}?SAMLResponse=AAAA", {"sec-fetch-site": "none"}),
        (ACS, FROM_ELSEWHERE),
    ],
)
def test_a_response_that_was_not_posted_is_refused_and_recorded(
    client: Client, idp: IdentityProvider, url: str, headers: dict[str, str]
) -> None:
    response = client.get(url, headers=headers)

    assert response.status_code == 400
    assert event().reason == "response_not_posted"
    assert event().reference in response.content.decode()


def test_a_browser_that_comes_back_with_nothing_is_not_sent_off_again(
    client: Client, idp: IdentityProvider
) -> None:
    client.get("/saml/acme/login/")

    assert client.get(ACS).status_code == 400
    assert event().reason == "response_not_posted"


# After the sign-in


def test_a_loop_of_sign_ins_that_succeed_ends_and_is_recorded(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    for _ in range(MAX_ARRIVALS):
        assert saml_sign_in(idp, fake_identity_provider).status_code == 302

    response = client.get("/saml/acme/login/")

    assert response.status_code == 403
    assert event().reason == "sign_in_loop"
    assert event().reference in response.content.decode()


def test_many_tabs_that_sign_in_at_once_are_no_loop(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    answers = [saml_sign_in.begin(idp, fake_identity_provider) for _ in range(MAX_ARRIVALS + 2)]
    for answer in answers:
        assert saml_sign_in.deliver(answer)["Location"] == "/"

    assert client.get("/saml/acme/login/").status_code == 302


def test_our_own_page_leads_on_if_the_session_cookie_is_strict(
    client: Client, sign_in: Callable[..., Any], settings: Any
) -> None:
    settings.SESSION_COOKIE_SAMESITE = "Strict"

    response = sign_in(next_url="/reports/?a=1&b=2")

    assert response.status_code == 200
    assert response["Refresh"] == "0;url=/reports/?a=1&b=2"
    assert 'href="/reports/?a=1&amp;b=2"' in response.content.decode()
    assert is_signed_in(client)


# People who are in already


def test_a_response_that_comes_twice_leads_on_and_is_used_once(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    answer = saml_sign_in.begin(idp, fake_identity_provider, next_url="/reports/")
    saml_sign_in.deliver(answer)

    again = saml_sign_in.deliver(answer)

    assert again.status_code == 302
    assert event().outcome == "refused"


def test_a_forged_response_shows_somebody_who_is_in_that_it_was_refused(
    client: Client, sign_in: Callable[..., Any]
) -> None:
    sign_in()

    assert sign_in(sign=None).status_code == 403


def test_a_browser_that_holds_its_session_back_is_asked_once_more(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    answer = saml_sign_in.begin(idp, fake_identity_provider)
    saml_sign_in.deliver(answer)
    session = client.cookies.pop("sessionid")

    bounced = client.post(ACS, answer.form, headers=FROM_ELSEWHERE)
    client.cookies["sessionid"] = session.value
    inside = client.get(bounced["Location"], headers=FROM_ELSEWHERE)
    del client.cookies["sessionid"]
    outside = client.get(bounced["Location"], headers=FROM_ELSEWHERE)

    assert inside.status_code == 302
    assert outside.status_code == 403
    assert event().reference in outside.content.decode()
    assert ProvisioningEvent.objects.filter(outcome="refused").count() == 1


@pytest.mark.parametrize("token", ["x", "WyJleHBpcmVkIiwiIl0:1:x"])
def test_a_refusal_that_somebody_else_wrote_into_a_url_is_not_shown(
    client: Client, idp: IdentityProvider, token: str
) -> None:
    response = client.get(ACS, {"refused": token})

    assert response.status_code == 403
    assert "request_unknown" in response.content.decode()


def test_a_request_that_was_pushed_out_is_made_again_a_few_times(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    answer = saml_sign_in.begin(idp, fake_identity_provider, next_url="/reports/")
    client.cookies.clear()
    saml_sign_in.begin(idp, fake_identity_provider, next_url="/reports/")

    turns = [saml_sign_in.deliver(answer).status_code for _ in range(3)]

    assert turns == [302, 302, 403]
    assert event().reason == "request_unknown"
    assert not is_signed_in(client)


# In the background


@pytest.mark.parametrize(
    ("view", "arguments"), [("login", ["acme"]), ("start-test", ["acme"]), ("discovery", [])]
)
def test_a_request_in_the_background_begins_nothing(
    client: Client, idp: IdentityProvider, view: str, arguments: list[str]
) -> None:
    url = reverse(f"jitprov:{view}", args=arguments)

    response = client.get(url, headers={"sec-fetch-mode": "cors", "accept": "application/json"})

    assert response.status_code == 401
    assert response.json()["error"] == "background_request"
    assert not response.cookies
    assert not ProvisioningEvent.objects.exists()


def test_a_person_comes_in_whose_other_tab_asked_all_the_time(
    client: Client,
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
) -> None:
    answer = saml_sign_in.begin(idp, fake_identity_provider, next_url="/reports/")
    for _ in range(30):
        client.get("/saml/acme/login/", {"next": "/api/"})

    assert saml_sign_in.deliver(answer)["Location"] == "/reports/"
