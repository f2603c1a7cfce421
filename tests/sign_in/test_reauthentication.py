"""Only the same person's fresh answer to this very request renews a session; everything else leaves it as it was."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import signing
from django.test import Client
from django.urls import reverse

from jitprov.accounts.sessions import end_sessions_of
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    SignInSession,
    UnsolicitedPolicy,
    digest,
)
from jitprov.saml.assertion_refusals import RequestUnknown
from jitprov.sign_in import browser
from jitprov.sign_in.reauthentication import (
    _SALT,
    MAX_RETURN_URL,
    PendingReauthentication,
    complete,
)
from jitprov.sign_in.round_trip import COOKIE_PREFIX
from jitprov.testing import FakeIdentityProvider, FakeResponse
from jitprov.testing.person import ANN, Person
from jitprov.testing.round_trip import SignIn
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

BOB = Person(object_id="bob", email="bob@acme.example", given_name="Bob")
LONG_AGO = timedelta(hours=2)


@pytest.fixture
def ann(sign_in: Callable[..., Any], client: Client) -> Client:
    """Sign Ann in by an old authentication, and return her browser."""
    assert sign_in(authn_instant=datetime.now(UTC) - LONG_AGO).status_code == 302
    return client


def sent_off(client: Client, next_url: str = "/danger/") -> str:
    url = reverse("jitprov:reauthenticate", args=["acme"])
    return str(client.get(url, {"next": next_url})["Location"])


def answered(
    client: Client, fake: FakeIdentityProvider, person: Person = ANN, **knobs: Any
) -> FakeResponse:
    return fake.answer(fake.read_request(sent_off(client)), person=person, **knobs)


def state() -> list[Any]:
    """Return everything that a re-authentication that was refused must not change."""
    return [
        list(SignInSession.objects.order_by("pk").values()),
        list(ExternalIdentity.objects.order_by("pk").values()),
        list(get_user_model().objects.order_by("pk").values()),
    ]


def age() -> timedelta:
    return datetime.now(UTC) - SignInSession.objects.get().authn_instant


def refused(saml_sign_in: SignIn, response: FakeResponse) -> str:
    """Post a response that is refused; return the code of its event. Nothing has changed."""
    before, cookies = state(), saml_sign_in.client.cookies["sessionid"].value
    saml_sign_in.deliver(response)
    assert state() == before
    assert saml_sign_in.client.cookies["sessionid"].value == cookies
    event = ProvisioningEvent.objects.latest("pk")
    assert event.outcome == "refused"
    return str(event.reason)


def without_session(client: Client) -> Any:
    """Let the browser come without its session's cookie, as with a POST from another site."""
    return client.cookies.pop("sessionid")


def test_the_same_person_renews_their_session_and_nothing_else(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    response = answered(ann, fake_identity_provider, authn_context="urn:stronger")
    events, before = ProvisioningEvent.objects.count(), _row()
    session = without_session(ann)

    back: Any = saml_sign_in.deliver(response)

    assert (back.status_code, back["Location"]) == (302, "/danger/")
    assert "sessionid" not in back.cookies
    after = _row()
    changed = {name for name in after if after[name] != before[name]}
    assert changed == {"authn_instant", "authn_context"}
    assert after["authn_context"] == "urn:stronger"
    assert age() < timedelta(minutes=1)
    assert ProvisioningEvent.objects.count() == events
    assert ann.cookies[browser.AGAIN].value == ""
    assert session.value


def _row() -> dict[str, Any]:
    return dict(SignInSession.objects.values().get())


def test_the_request_asks_for_a_fresh_authentication(
    ann: Client, fake_identity_provider: FakeIdentityProvider
) -> None:
    assert fake_identity_provider.read_request(sent_off(ann)).force_authn


@pytest.mark.parametrize("known", [True, False])
def test_another_person_is_refused(
    ann: Client,
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    known: bool,
) -> None:
    if known:
        SignIn(Client())(idp, fake_identity_provider, BOB)
    response = answered(ann, fake_identity_provider, BOB)

    assert refused(saml_sign_in, response) == "another_person"
    assert ProvisioningEvent.objects.latest("pk").verified


def test_the_page_of_a_refusal_leads_to_another_attempt(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    page: Any = saml_sign_in.deliver(answered(ann, fake_identity_provider, BOB))

    assert page.status_code == 403
    assert "/saml/acme/again/?next=%2Fdanger%2F" in page.content.decode()


def test_the_same_external_id_of_another_identity_provider_is_another_person(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    other = FakeIdentityProvider()
    connected(other, slug="other")
    sent_off(ann)
    kept = signing.loads(ann.cookies[browser.AGAIN].value, salt=_SALT)
    login: Any = ann.get("/saml/other/login/")
    request = other.read_request(login["Location"])
    # As if a request of the other had named this session.
    kept |= {"slug": "other", "request_id": request.id}
    ann.cookies[browser.AGAIN] = signing.dumps(kept, salt=_SALT, compress=True)

    assert refused(saml_sign_in, other.answer(request, authn_instant=datetime.now(UTC))) == (
        "another_person"
    )


def test_an_old_authentication_is_refused(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    old = datetime.now(UTC) - timedelta(minutes=10)
    response = answered(ann, fake_identity_provider, authn_instant=old)

    assert refused(saml_sign_in, response) == "authentication_too_old"


def test_the_answer_to_a_sign_in_is_none_to_a_reauthentication(
    ann: Client,
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
) -> None:
    sent_off(ann)
    pending = PendingReauthentication.loads(ann.cookies[browser.AGAIN].value)
    assert pending
    response = saml_sign_in.begin(idp, fake_identity_provider, authn_instant=datetime.now(UTC))
    before = state()

    with pytest.raises(RequestUnknown):
        complete(idp, response.form["SAMLResponse"], pending)

    assert state() == before


def test_the_cookie_of_a_reauthentication_is_none_of_a_sign_in(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    request = fake_identity_provider.read_request(sent_off(ann))
    name = f"{COOKIE_PREFIX}{digest(request.id)[:16]}"
    ann.cookies[name] = ann.cookies.pop(browser.AGAIN).value

    assert refused(saml_sign_in, fake_identity_provider.answer(request)) == "request_unknown"


@pytest.mark.parametrize("policy", list(UnsolicitedPolicy))
def test_the_answer_to_a_reauthentication_signs_nobody_in(
    ann: Client,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    policy: UnsolicitedPolicy,
) -> None:
    IdentityProvider.objects.update(unsolicited=policy)
    response = answered(ann, fake_identity_provider)
    stranger = Client()
    before = state()

    SignIn(stranger).deliver(response)

    assert "_auth_user_id" not in stranger.session
    assert state() == before


def test_an_answer_to_nothing_renews_nothing_where_such_are_accepted(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.update(unsolicited=UnsolicitedPolicy.ACCEPT)
    asked = fake_identity_provider.read_request(sent_off(ann))
    response = fake_identity_provider.answer(
        asked, response_in_response_to=asked.id, confirmation_in_response_to=None
    )

    assert refused(saml_sign_in, response) == "unsolicited"


def test_an_answer_works_once(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    response = answered(ann, fake_identity_provider)
    cookie = ann.cookies[browser.AGAIN].value
    saml_sign_in.deliver(response)
    SignInSession.objects.update(authn_instant=datetime.now(UTC) - LONG_AGO)
    ann.cookies[browser.AGAIN] = cookie

    assert refused(saml_sign_in, response) == "assertion_replayed"


@pytest.mark.parametrize("forge", ["removed", "signed by another salt", "garbage"])
def test_without_our_cookie_nothing_is_renewed(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider, forge: str
) -> None:
    response = answered(ann, fake_identity_provider)
    kept = signing.loads(ann.cookies[browser.AGAIN].value, salt=_SALT)
    ann.cookies[browser.AGAIN] = {
        "removed": "",
        "signed by another salt": signing.dumps(kept, salt="jitprov.pending-login", compress=True),
        "garbage": "x:y:z",
    }[forge]

    assert refused(saml_sign_in, response) == "request_unknown"


def test_the_cookie_does_not_tell_the_key_of_the_session(ann: Client) -> None:
    sent_off(ann)
    kept = signing.loads(ann.cookies[browser.AGAIN].value, salt=_SALT)

    assert SignInSession.objects.get().key not in str(kept)
    cookie = ann.cookies[browser.AGAIN]
    assert (cookie["samesite"], cookie["secure"], cookie["httponly"]) == ("None", True, True)


def ended() -> None:
    end_sessions_of(ExternalIdentity.objects.all())


def switched_off() -> None:
    ExternalIdentity.objects.update(active=False)


def account_switched_off() -> None:
    get_user_model().objects.update(is_active=False)


def disabled() -> None:
    IdentityProvider.objects.update(enabled=False)


def forgotten() -> None:
    SignInSession.objects.all().delete()


def provider_ended() -> None:
    SignInSession.objects.update(provider_endings=7)


@pytest.mark.parametrize(
    "end", [ended, switched_off, account_switched_off, disabled, forgotten, provider_ended]
)
def test_a_session_that_ended_meanwhile_is_not_renewed(
    ann: Client,
    saml_sign_in: SignIn,
    fake_identity_provider: FakeIdentityProvider,
    end: Callable[[], None],
) -> None:
    response = answered(ann, fake_identity_provider)
    end()
    without = state()

    saml_sign_in.deliver(response)

    assert state() == without
    assert ProvisioningEvent.objects.latest("pk").reason == "session_ended"


def test_nobody_can_begin_it_at_an_identity_provider_that_is_disabled(
    ann: Client, settings: Any
) -> None:
    IdentityProvider.objects.update(enabled=False)

    answer = ann.get("/saml/acme/again/")

    # The session has ended, so this is a sign-in, which is refused.
    assert answer["Location"].startswith("/saml/acme/login/")
    assert browser.AGAIN not in ann.cookies


@pytest.mark.parametrize(
    "url", ["https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"]
)
def test_the_way_back_is_the_hosts_own(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider, url: str
) -> None:
    request = fake_identity_provider.read_request(sent_off(ann, url))
    back: Any = saml_sign_in.deliver(fake_identity_provider.answer(request))

    assert back.status_code == 302
    assert "evil" not in back["Location"]
    assert "javascript" not in back["Location"]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        pytest.param("/danger/?x=" + "y" * MAX_RETURN_URL, "/danger/", id="a long query"),
        pytest.param("/" + "y" * MAX_RETURN_URL, "/", id="a long path"),
    ],
)
def test_a_way_back_that_does_not_fit_is_cut_to_the_page(
    ann: Client,
    saml_sign_in: SignIn,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
    url: str,
    expected: str,
) -> None:
    settings.LOGIN_REDIRECT_URL = "/"
    request = fake_identity_provider.read_request(sent_off(ann, url))
    back: Any = saml_sign_in.deliver(fake_identity_provider.answer(request))

    assert back["Location"] == expected


def test_required_contexts_count_here_too(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.update(required_contexts="urn:strong")
    response = answered(ann, fake_identity_provider)

    assert refused(saml_sign_in, response) == "authn_context_unmet"


def test_somebody_who_is_not_signed_in_by_it_signs_in(
    client: Client, idp: IdentityProvider
) -> None:
    answer: Any = client.get("/saml/acme/again/", {"next": "/danger/"})

    assert answer["Location"] == "/saml/acme/login/?next=%2Fdanger%2F"


def test_a_script_sends_nobody_off(ann: Client) -> None:
    answer = ann.get("/saml/acme/again/", headers={"sec-fetch-mode": "cors"})

    assert answer.status_code == 401


def test_the_later_authentication_counts_in_whichever_order_they_come(
    ann: Client, saml_sign_in: SignIn, fake_identity_provider: FakeIdentityProvider
) -> None:
    response = answered(ann, fake_identity_provider)
    later = datetime.now(UTC) + timedelta(seconds=30)
    SignInSession.objects.update(authn_instant=later)

    saml_sign_in.deliver(response)

    assert SignInSession.objects.get().authn_instant == later
