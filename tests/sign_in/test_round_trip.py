"""The state of a request, one-time use, and responses that nobody asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client
from django.urls import reverse

from jitprov.host.next_url import MAX_NEXT_URL
from jitprov.models import (
    ConsumedAssertion,
    IdentityProvider,
    ProvisioningEvent,
)
from jitprov.sign_in import round_trip
from jitprov.sign_in.round_trip import COOKIE_PREFIX, MAX_PENDING
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.keys import rsa_key_pair
from jitprov.testing.round_trip import SignIn
from tests.support.factories import connected
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()
HOME = "/accounts/profile/"
"""Django's default of LOGIN_REDIRECT_URL."""


# Request state


def pending_cookies(client: Client) -> list[Any]:
    return [
        morsel
        for name, morsel in client.cookies.items()
        if name.startswith(COOKIE_PREFIX) and morsel.value
    ]


def test_the_cookie_of_a_request_survives_the_post_from_another_site(
    client: Client, idp: IdentityProvider
) -> None:
    client.get(reverse("jitprov:login", args=["acme"]))
    [cookie] = pending_cookies(client)
    assert cookie["samesite"] == "None"
    assert cookie["secure"]
    assert cookie["httponly"]
    assert cookie["path"] == "/"
    assert not cookie["domain"]
    assert cookie["max-age"] == 3600


def test_the_pending_cookie_is_deleted_after_the_sign_in(
    client: Client, sign_in: Callable[..., Any]
) -> None:
    sign_in()
    assert pending_cookies(client) == []


def test_several_tabs_can_sign_in_at_once(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    first = saml_sign_in.begin(idp, fake_identity_provider, next_url="/first/")
    second = saml_sign_in.begin(idp, fake_identity_provider, next_url="/second/")
    assert saml_sign_in.deliver(second)["Location"] == "/second/"
    assert saml_sign_in.deliver(first)["Location"] == "/first/"


def test_the_pending_requests_of_a_browser_are_bounded(
    client: Client, idp: IdentityProvider
) -> None:
    for _ in range(20):
        client.get(reverse("jitprov:login", args=["acme"]))
    assert 8 < len(pending_cookies(client)) <= MAX_PENDING


def test_a_response_in_another_browser_is_refused(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    stranger = SignIn(Client())
    assert stranger.deliver(response).status_code == 403
    assert event().reason == "request_unknown"
    assert event().verified


def test_a_request_to_one_identity_provider_does_not_admit_the_response_of_another(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    other = FakeIdentityProvider(tenant_id="b7c9d1e2-0000-4000-8000-000000000002")
    row = connected(other, slug="globex")
    request = fake_identity_provider.read_request(
        client.get(reverse("jitprov:login", args=["acme"]))["Location"]
    )
    forged = other.respond(
        acs_url=row.as_service_provider().acs_url,
        audience=row.as_service_provider().entity_id,
        in_response_to=request.id,
    )
    assert saml_sign_in.deliver(forged).status_code == 403
    assert event().reason == "request_unknown"


def test_a_forged_pending_cookie_is_ignored(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    for cookie in pending_cookies(client):
        client.cookies[cookie.key] = cookie.value[:-1] + ("A" if cookie.value[-1] != "A" else "B")
    assert saml_sign_in.deliver(response).status_code == 403


def test_a_response_to_an_expired_request_signs_nobody_in_and_keeps_the_wanted_page(
    client: Client,
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: Any,
    settings: Any,
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider, next_url="/reports/")
    settings.JITPROV_REQUEST_LIFETIME = timedelta(seconds=-1)

    again = saml_sign_in.deliver(response)

    assert event().reason == "request_unknown"
    assert "_auth_user_id" not in client.session
    assert again["Location"].startswith(fake_identity_provider.sso_url)
    settings.JITPROV_REQUEST_LIFETIME = timedelta(minutes=10)
    request = fake_identity_provider.read_request(again["Location"])
    done = saml_sign_in.deliver(fake_identity_provider.answer(request, person=ANN))
    assert done["Location"] == "/reports/"
    assert "_auth_user_id" in client.session


def test_a_request_that_is_long_expired_is_forgotten(
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: Any,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider, next_url="/reports/")
    settings.JITPROV_REQUEST_LIFETIME = timedelta(seconds=-1)
    monkeypatch.setattr(round_trip, "_KNOWN_FOR", timedelta(seconds=-1))

    assert saml_sign_in.deliver(response).status_code == 403


def test_being_too_late_again_and_again_ends_in_a_refusal(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any, settings: Any
) -> None:
    answer = saml_sign_in.begin(idp, fake_identity_provider)
    settings.JITPROV_REQUEST_LIFETIME = timedelta(seconds=-1)
    codes = []
    for _ in range(round_trip.MAX_RESTARTS + 1):
        again = saml_sign_in.deliver(answer)
        codes.append(again.status_code)
        if again.status_code == 302:
            request = fake_identity_provider.read_request(again["Location"])
            answer = fake_identity_provider.answer(request, person=ANN)

    assert codes == [302] * round_trip.MAX_RESTARTS + [403]


@pytest.mark.parametrize(
    "hostile",
    [
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "javascript:alert(1)",
        "http://app.example/",
        "/" + "a" * 3000,
    ],
)
def test_a_next_url_on_another_site_is_replaced_by_the_usual_page(
    sign_in: Callable[..., Any], settings: Any, hostile: str
) -> None:
    settings.LOGIN_REDIRECT_URL = "/home/"
    assert sign_in(next_url=hostile).url == "/home/"


def test_relay_state_is_ignored(sign_in: Callable[..., Any]) -> None:
    assert sign_in(next_url="/mine/", relay_state="https://evil.example/").url == "/mine/"


def test_a_row_may_keep_a_former_entity_id_and_acs_url(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.update(
        sp_entity_id="urn:app:before", sp_acs_url="https://app.example/sso/acme/acs"
    )
    response = saml_sign_in.begin(idp, fake_identity_provider)
    assert response.acs_url == "https://app.example/sso/acme/acs"
    assert saml_sign_in.deliver(response).status_code == 302


def test_the_host_header_is_ignored(idp: IdentityProvider, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["*"]
    content = Client().get(reverse("jitprov:metadata", args=["acme"]), HTTP_HOST="evil.example")
    assert b"https://app.example/saml/acme/acs/" in content.content
    assert b"evil" not in content.content


# One-time use


def test_one_response_signs_in_once(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    cookies = {cookie.key: cookie.value for cookie in pending_cookies(client)}
    saml_sign_in.deliver(response)
    thief = Client()
    for name, value in cookies.items():
        thief.cookies[name] = value
    again = SignIn(thief).deliver(response)
    assert (event().outcome, event().reason) == ("refused", "assertion_replayed")
    assert "_auth_user_id" not in thief.session
    assert again["Location"].startswith(fake_identity_provider.sso_url)


def test_a_consumed_assertion_is_kept_until_every_clock_finds_it_expired(
    sign_in: Callable[..., Any],
) -> None:
    sign_in()
    kept = ConsumedAssertion.objects.get().expires_at - datetime.now(UTC)
    assert timedelta(minutes=63) < kept < timedelta(minutes=65)


def test_a_refused_response_does_not_consume_the_assertion(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    SignIn(Client()).deliver(response)
    assert not ConsumedAssertion.objects.exists()
    assert saml_sign_in.deliver(response).status_code == 302


# Responses that nobody asked for


def unsolicited(idp: IdentityProvider, fake: FakeIdentityProvider) -> Any:
    sp = idp.as_service_provider()
    return fake.respond(
        acs_url=sp.acs_url, audience=sp.entity_id, relay_state="https://evil.example/"
    )


def test_an_unsolicited_response_is_answered_with_a_request_of_ours(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    restart = saml_sign_in.deliver(unsolicited(idp, fake_identity_provider))
    assert restart.status_code == 302
    assert not User.objects.exists()
    assert not ConsumedAssertion.objects.exists()
    request = fake_identity_provider.read_request(restart["Location"])
    answer = saml_sign_in.deliver(fake_identity_provider.answer(request))
    assert answer.status_code == 302
    assert User.objects.count() == 1


def test_an_identity_provider_that_ignores_our_requests_causes_no_loop(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    for _ in range(2):
        again = saml_sign_in.deliver(unsolicited(idp, fake_identity_provider))
        assert again.status_code == 302
        assert (event().outcome, event().reason) == ("restarted", "unsolicited")
    answer = saml_sign_in.deliver(unsolicited(idp, fake_identity_provider))
    assert answer.status_code == 403
    assert event().reason == "restart_loop"
    assert b"Try again</a>" not in answer.content


def test_repeated_clicks_on_a_tile_are_not_taken_for_a_loop(
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jitprov.sign_in.round_trip.LOOP_SECONDS", 0)
    for _ in range(5):
        again = saml_sign_in.deliver(unsolicited(idp, fake_identity_provider))
        assert again.status_code == 302


def test_repeated_posts_of_one_response_keep_a_bounded_number_of_events(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any, settings: Any
) -> None:
    settings.JITPROV_UNVERIFIED_EVENTS_KEPT = 1
    response = saml_sign_in.begin(idp, fake_identity_provider)
    for _ in range(13):
        SignIn(Client()).deliver(response)
    assert ProvisioningEvent.objects.filter(reason="request_unknown").count() == 10


@pytest.mark.parametrize(
    ("relay_state", "policy", "follows", "where"),
    [
        ("/reports/?year=2026#top", "accept", True, "/reports/?year=2026#top"),
        ("/reports/", "accept", False, HOME),
        ("/reports/", "restart", True, None),
        ("https://app.example/reports/", "accept", True, HOME),
        ("https://evil.example/", "accept", True, HOME),
        ("//evil.example/", "accept", True, HOME),
        ("/\\evil.example/", "accept", True, HOME),
        ("/" + "x" * MAX_NEXT_URL, "accept", True, HOME),
        ("reports/", "accept", True, HOME),
        ("javascript:alert(1)", "accept", True, HOME),
        ("", "accept", True, HOME),
    ],
)
def test_a_relay_state_is_followed_only_to_a_path_of_ours_and_only_if_the_row_says_so(
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    relay_state: str,
    policy: str,
    follows: bool,
    where: str | None,
) -> None:
    IdentityProvider.objects.update(unsolicited=policy, follow_relay_state=follows)
    response = replace(unsolicited(idp, fake_identity_provider), relay_state=relay_state)

    answer = saml_sign_in.deliver(response)

    assert answer.status_code == 302
    if where is None:
        assert answer["Location"].startswith(idp.sso_url)
    else:
        assert answer["Location"] == where


def test_the_relay_state_of_an_answer_to_a_request_of_ours_is_ignored(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.update(unsolicited="accept", follow_relay_state=True)
    response = saml_sign_in.begin(idp, fake_identity_provider, next_url="/wanted/")

    answer = saml_sign_in.deliver(replace(response, relay_state="/another/"))
    assert answer["Location"] == "/wanted/"


def test_a_forged_unsolicited_response_is_refused(
    saml_sign_in: SignIn, idp: IdentityProvider
) -> None:
    stranger = FakeIdentityProvider(key_pairs=[rsa_key_pair("stranger")])
    answer = saml_sign_in.deliver(unsolicited(idp, stranger))
    assert answer.status_code == 403
    assert event().reason == "signature_invalid"


def test_a_tenant_may_refuse_unsolicited_responses(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.update(unsolicited="reject")
    answer = saml_sign_in.deliver(unsolicited(idp, fake_identity_provider))
    assert answer.status_code == 403
    assert event().reason == "unsolicited"


def test_a_tenant_may_accept_each_unsolicited_response_once(
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
) -> None:
    settings.LOGIN_REDIRECT_URL = "/home/"
    IdentityProvider.objects.update(unsolicited="accept")
    response = unsolicited(idp, fake_identity_provider)
    assert saml_sign_in.deliver(response)["Location"] == "/home/"
    assert SignIn(Client()).deliver(response).status_code == 403
    assert event().reason == "assertion_replayed"
