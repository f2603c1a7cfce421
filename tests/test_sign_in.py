"""A sign-in over HTTP: what the browser gets, and what is in the database afterwards."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jitprov.models import (
    ClaimMapping,
    ConsumedAssertion,
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    SigningCertificate,
)
from jitprov.provisioner import Provisioner
from jitprov.saml.types import Binding
from jitprov.sso import COOKIE_PREFIX
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import rsa_key_pair
from jitprov.testing.person import ANN, Person
from jitprov.testing.round_trip import SignIn
from tests.factories import TenantFactory, connected, map_group

pytestmark = pytest.mark.django_db

User = get_user_model()
STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


@pytest.fixture
def idp(fake_identity_provider: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake_identity_provider, slug="acme")


@pytest.fixture
def sign_in(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> Callable[..., Any]:
    def go(person: Person = ANN, **knobs: Any) -> Any:
        return saml_sign_in(idp, fake_identity_provider, person, **knobs)

    return go


def statements(queries: CaptureQueriesContext) -> list[str]:
    return [query["sql"] for query in queries if query["sql"].startswith(STATEMENTS)]


def event() -> ProvisioningEvent:
    return ProvisioningEvent.objects.latest("pk")


# Coming in


def test_the_first_sign_in_creates_the_person(
    client: Client, sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    answer = sign_in(next_url="/reports/")
    assert (answer.status_code, answer.url) == (302, "/reports/")
    user = User.objects.get()
    assert (user.first_name, user.last_name, user.email) == ("Ann", "Archer", ANN.email)
    assert user.username == "Ann.Archer@acme.example"
    assert not user.has_usable_password()
    assert not user.is_staff
    assert client.session["_auth_user_id"] == str(user.pk)
    identity = ExternalIdentity.objects.get()
    assert (identity.identity_provider, identity.external_id) == (idp, ANN.object_id)


def test_a_later_sign_in_updates_the_same_person_whatever_the_new_name(
    sign_in: Callable[..., Any],
) -> None:
    sign_in()
    renamed = Person(
        object_id=ANN.object_id.upper(),
        given_name="Ann",
        surname="Baker",
        email="ann.baker@acme.example",
        upn="ann.baker@acme.example",
    )
    sign_in(renamed)
    user = User.objects.get()
    assert (user.last_name, user.email, user.username) == (
        "Baker",
        "ann.baker@acme.example",
        "ann.baker@acme.example",
    )
    assert event().outcome == "updated"
    assert event().changed_fields == ["email", "last_name", "username"]


def test_another_tenant_s_person_with_the_same_details_is_another_person(
    saml_sign_in: SignIn, sign_in: Callable[..., Any]
) -> None:
    sign_in()
    other = FakeIdentityProvider(tenant_id="b7c9d1e2-0000-4000-8000-000000000002")
    saml_sign_in(connected(other, slug="globex"), other, ANN)
    assert User.objects.count() == 2
    assert {user.username for user in User.objects.all()} == {
        "Ann.Archer@acme.example",
        "Ann.Archer@acme.example-2",
    }


def test_a_suffix_that_was_given_once_is_kept(saml_sign_in: SignIn, sign_in: Any) -> None:
    sign_in()
    other = FakeIdentityProvider(tenant_id="b7c9d1e2-0000-4000-8000-000000000002")
    row = connected(other, slug="globex")
    saml_sign_in(row, other, ANN)
    saml_sign_in(row, other, ANN)
    assert event().outcome == "unchanged"
    assert User.objects.filter(username="Ann.Archer@acme.example-2").exists()


def test_a_returning_sign_in_costs_at_most_eight_statements_at_any_size(
    sign_in: Callable[..., Any],
    idp: IdentityProvider,
    saml_sign_in: SignIn,
    fake_identity_provider: Any,
) -> None:
    for number in range(20):
        TenantFactory.create()
        connected(FakeIdentityProvider(), slug=f"other-{number}")
        SigningCertificate.objects.create(
            identity_provider=idp,
            pem=rsa_key_pair(f"extra {number % 3}", common_name=f"{number}").certificate,
        )
        map_group(idp, f"group {number}")
    groups = [map_group(idp, value) for value in ANN.groups]
    ClaimMapping.objects.create(
        identity_provider=idp, target="department", sources="department", position=9
    )
    sign_in()
    assert set(User.objects.get().groups.all()) == set(groups)
    response = saml_sign_in.begin(idp, fake_identity_provider, ANN)
    with CaptureQueriesContext(connection) as queries:
        assert saml_sign_in.deliver(response).status_code == 302
    assert event().outcome == "unchanged"
    assert len(statements(queries)) <= 8, "\n".join(statements(queries))


def test_the_session_key_rotates(client: Client, sign_in: Callable[..., Any]) -> None:
    session = client.session
    session["basket"] = 1
    session.save()
    before = client.cookies["sessionid"].value
    sign_in()
    assert client.cookies["sessionid"].value != before
    assert not Session.objects.filter(session_key=before).exists()


def test_our_session_ends_with_the_identity_provider_s(
    client: Client, sign_in: Callable[..., Any]
) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    sign_in(session_not_on_or_after=end)
    assert abs(client.session.get_expiry_date() - end) < timedelta(seconds=1)


def test_our_session_is_never_lengthened(client: Client, sign_in: Callable[..., Any]) -> None:
    usual = client.session.get_expiry_age()
    sign_in(session_not_on_or_after=datetime.now(UTC) + timedelta(days=365))
    assert client.session.get_expiry_age() <= usual


def test_an_identity_provider_that_only_takes_posts(client: Client, saml_sign_in: SignIn) -> None:
    fake = FakeIdentityProvider(sso_binding=Binding.POST)
    row = connected(fake, slug="google")
    leaving = client.get(reverse("jitprov:login", args=["google"]))
    assert leaving.status_code == 200
    assert b'name="SAMLRequest"' in leaving.content
    assert saml_sign_in(row, fake).status_code == 302


def test_an_identity_provider_that_wants_signed_requests_gets_them_and_is_told(
    client: Client,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
) -> None:
    settings.JITPROV_SP_KEY_PAIRS = [rsa_key_pair("ours")]
    login, metadata = (reverse(f"jitprov:{view}", args=["acme"]) for view in ("login", "metadata"))
    assert not fake_identity_provider.read_request(client.get(login)["Location"]).signed
    assert b'AuthnRequestsSigned="false"' in client.get(metadata).content
    IdentityProvider.objects.update(want_authn_requests_signed=True)
    assert fake_identity_provider.read_request(client.get(login)["Location"]).signed
    assert b'AuthnRequestsSigned="true"' in client.get(metadata).content


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
    assert cookie["max-age"] == 600


def test_it_is_taken_away_afterwards(client: Client, sign_in: Callable[..., Any]) -> None:
    sign_in()
    assert pending_cookies(client) == []


def test_several_tabs_at_once(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    first = saml_sign_in.begin(idp, fake_identity_provider, next_url="/first/")
    second = saml_sign_in.begin(idp, fake_identity_provider, next_url="/second/")
    assert saml_sign_in.deliver(second)["Location"] == "/second/"
    assert saml_sign_in.deliver(first)["Location"] == "/first/"


def test_one_browser_s_waiting_requests_are_bounded(client: Client, idp: IdentityProvider) -> None:
    for _ in range(20):
        client.get(reverse("jitprov:login", args=["acme"]))
    assert len(pending_cookies(client)) == 8


def test_another_browser_s_response_is_refused(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    stranger = SignIn(Client())
    assert stranger.deliver(response).status_code == 403
    assert event().reason == "request_unknown"
    assert event().verified


def test_a_request_to_one_identity_provider_does_not_admit_another_s_response(
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


def test_a_cookie_that_somebody_else_wrote_is_no_request(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    for cookie in pending_cookies(client):
        client.cookies[cookie.key] = cookie.value[:-1] + ("A" if cookie.value[-1] != "A" else "B")
    assert saml_sign_in.deliver(response).status_code == 403


def test_a_request_that_waited_too_long(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any, settings: Any
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    settings.JITPROV_REQUEST_LIFETIME = timedelta(seconds=-1)
    assert saml_sign_in.deliver(response).status_code == 403
    assert event().reason == "request_unknown"


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
def test_where_to_go_next_is_ours_or_the_usual_page(
    sign_in: Callable[..., Any], settings: Any, hostile: str
) -> None:
    settings.LOGIN_REDIRECT_URL = "/home/"
    assert sign_in(next_url=hostile).url == "/home/"


def test_relay_state_is_never_believed(sign_in: Callable[..., Any]) -> None:
    assert sign_in(next_url="/mine/", relay_state="https://evil.example/").url == "/mine/"


def test_a_row_may_keep_the_names_by_which_its_identity_provider_knew_us_before(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.update(
        sp_entity_id="urn:app:before", sp_acs_url="https://app.example/sso/acme/acs"
    )
    response = saml_sign_in.begin(idp, fake_identity_provider)
    assert response.acs_url == "https://app.example/sso/acme/acs"
    assert saml_sign_in.deliver(response).status_code == 302


def test_the_host_header_is_never_believed(idp: IdentityProvider, settings: Any) -> None:
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
    for name, value in cookies.items():
        client.cookies[name] = value
    again = saml_sign_in.deliver(response)
    assert again.status_code == 403
    assert event().reason == "assertion_replayed"


def test_an_assertion_is_remembered_until_every_clock_finds_it_expired(
    sign_in: Callable[..., Any],
) -> None:
    sign_in()
    kept = ConsumedAssertion.objects.get().expires_at - datetime.now(UTC)
    assert timedelta(minutes=63) < kept < timedelta(minutes=65)


def test_nobody_can_burn_an_assertion_that_is_not_theirs(
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


def test_an_unsolicited_response_is_not_used_but_leads_to_a_request_of_ours(
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


def test_an_identity_provider_that_never_answers_our_requests_does_not_loop(
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


def test_a_person_who_clicks_a_tile_again_and_again_is_no_loop(
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("jitprov.sso.LOOP_SECONDS", 0)
    for _ in range(5):
        again = saml_sign_in.deliver(unsolicited(idp, fake_identity_provider))
        assert again.status_code == 302


def test_what_one_good_response_can_cause_again_and_again_is_bounded(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any, settings: Any
) -> None:
    settings.JITPROV_UNVERIFIED_EVENTS_KEPT = 1
    response = saml_sign_in.begin(idp, fake_identity_provider)
    for _ in range(13):
        SignIn(Client()).deliver(response)
    assert ProvisioningEvent.objects.filter(reason="request_unknown").count() == 10


def test_a_forged_unsolicited_response_leads_nowhere(
    saml_sign_in: SignIn, idp: IdentityProvider
) -> None:
    stranger = FakeIdentityProvider(key_pairs=[rsa_key_pair("stranger")])
    answer = saml_sign_in.deliver(unsolicited(idp, stranger))
    assert answer.status_code == 403
    assert event().reason == "signature_invalid"


def test_a_tenant_may_refuse_them(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.update(unsolicited="reject")
    answer = saml_sign_in.deliver(unsolicited(idp, fake_identity_provider))
    assert answer.status_code == 403
    assert event().reason == "unsolicited"


def test_a_tenant_may_accept_them_and_each_still_counts_once(
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


# Being refused


def test_a_refusal_says_what_happened_and_what_to_quote(sign_in: Callable[..., Any]) -> None:
    sign_in()
    User.objects.update(is_active=False)
    answer = sign_in()
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "switched off" in text
    assert event().reference in text
    assert event().reason == "account_disabled"
    assert event().user == User.objects.get()


def test_a_program_that_asks_for_json_gets_json(client: Client, idp: IdentityProvider) -> None:
    answer = client.post(
        reverse("jitprov:acs", args=["acme"]),
        {"SAMLResponse": "junk!"},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["error"] == "response_not_base64"
    assert answer.json()["reference"] == event().reference


@pytest.mark.parametrize("view", ["login", "metadata", "acs"])
def test_an_unknown_identity_provider(client: Client, view: str) -> None:
    method = client.post if view == "acs" else client.get
    answer = method(reverse(f"jitprov:{view}", args=["nobody"]))
    assert answer.status_code == 404
    assert b"We know no organisation" in answer.content


def test_a_disabled_identity_provider_lets_nobody_leave_and_nobody_in(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    IdentityProvider.objects.update(enabled=False)
    assert client.get(reverse("jitprov:login", args=["acme"])).status_code == 403
    assert (event().reason, event().verified) == ("identity_provider_disabled", False)
    assert saml_sign_in.deliver(response).status_code == 403
    assert event().reason == "identity_provider_disabled"
    assert not User.objects.exists()


def test_a_reload_of_the_acs_begins_again(client: Client, idp: IdentityProvider) -> None:
    answer = client.get(reverse("jitprov:acs", args=["acme"]))
    assert (answer.status_code, answer["Location"]) == (302, "/saml/acme/login/")


def test_junk_is_counted_and_can_not_fill_the_table(
    client: Client, idp: IdentityProvider, settings: Any
) -> None:
    settings.JITPROV_UNVERIFIED_EVENTS_KEPT = 5
    for _ in range(12):
        client.post(reverse("jitprov:acs", args=["acme"]), {"SAMLResponse": "AAAA"})
    idp.refresh_from_db()
    assert idp.unverified_refusals == 12
    assert ProvisioningEvent.objects.count() == 5


def test_junk_does_not_push_out_what_was_proved(
    client: Client, sign_in: Callable[..., Any], settings: Any
) -> None:
    settings.JITPROV_UNVERIFIED_EVENTS_KEPT = 1
    sign_in()
    for _ in range(3):
        client.post(reverse("jitprov:acs", args=["acme"]), {"SAMLResponse": "AAAA"})
    assert ProvisioningEvent.objects.filter(verified=True).count() == 1


# When something of ours or the host's breaks


class BrokenProvisioner(Provisioner):
    def create_user(self, create: Any) -> Any:
        super().create_user(create)
        raise RuntimeError("a bug of the host's")


def test_an_unexpected_error_leaves_nothing_half_written_and_the_assertion_used(
    client: Client, sign_in: Callable[..., Any], settings: Any
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.BrokenProvisioner"
    with pytest.raises(RuntimeError):
        sign_in()
    assert not User.objects.exists()
    assert not ExternalIdentity.objects.exists()
    assert ConsumedAssertion.objects.count() == 1
    assert [item.outcome for item in ProvisioningEvent.objects.all()] == ["error"]
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db(transaction=True)
def test_so_it_is_where_requests_are_transactions(
    client: Client, sign_in: Callable[..., Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    settings.JITPROV_PROVISIONER = f"{__name__}.BrokenProvisioner"
    with pytest.raises(RuntimeError):
        sign_in()
    assert ConsumedAssertion.objects.count() == 1
    assert ProvisioningEvent.objects.count() == 1


@pytest.mark.parametrize(
    "columns",
    [{"transforms": [{"name": "explode"}]}, {"sync": "never"}, {"when_empty": "?"}],
    ids=["an unknown transform", "an unknown sync mode", "an unknown choice for empty claims"],
)
def test_a_mapping_that_makes_no_sense_is_a_refusal(
    sign_in: Callable[..., Any], idp: IdentityProvider, columns: dict[str, Any]
) -> None:
    ClaimMapping.objects.filter(target="email").update(**columns)
    answer = sign_in()
    assert answer.status_code == 403
    assert event().reason == "mapping_invalid"
    assert event().verified
    assert not User.objects.exists()


def test_no_personal_value_is_kept_in_events_or_logs(
    sign_in: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sign_in()
    User.objects.update(is_active=False)
    sign_in()
    kept = " ".join(
        [*(str(row) for row in ProvisioningEvent.objects.values_list()), *caplog.messages]
    )
    personal = (ANN.email, ANN.surname, ANN.object_id, ANN.upn, ANN.groups[0])
    assert not [value for value in personal if value.lower() in kept.lower()]


def test_the_log_says_what_was_expected_and_what_came(
    sign_in: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="jitprov")
    sign_in(audience_restrictions=[["https://other.example"]])
    assert (
        f"{event().reference} was refused: expected 'https://app.example/saml/acme/metadata/', "
        "received 'https://other.example'"
    ) in caplog.text
