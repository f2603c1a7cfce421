"""A test sign-in belongs to the browser that goes through it: attacks over HTTP by whoever begins one."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from django.http import HttpResponse
from django.test import Client, RequestFactory

from jitprov.models import EmailDomain, IdentityProvider, TestSignIn, UnsolicitedPolicy
from jitprov.sign_in import rehearsal, witness
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.person import EMAIL_CLAIM
from jitprov.testing.round_trip import SignIn
from tests.setup.pages import administrator_of, url
from tests.support.accounts.models import User
from tests.support.factories import UserFactory, connected, map_group
from tests.support.setup_link_holder import Holder, path_of

pytestmark = pytest.mark.django_db
ANNS = (ANN.email, ANN.object_id, ANN.given_name, ANN.surname, ANN.upn, "the-finance-team")


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    row = connected(fake, slug="acme", preset="entra", enabled=False)
    map_group(row, ANN.groups[0]).name = "the-finance-team"
    return row


@pytest.fixture
def attacker(row: IdentityProvider) -> Client:
    client = Client()
    client.force_login(administrator_of(row))
    return client


def started_by(attacker: Client, row: IdentityProvider) -> str:
    return path_of(attacker.post(url("test", row.pk)).context["url"])


def go_through(browser: Client, start: str, fake: FakeIdentityProvider, **knobs: Any) -> Any:
    leaving = browser.get(start)
    response = fake.answer(fake.read_request(leaving["Location"]), person=ANN, **knobs)
    return SignIn(browser).deliver(response)


def text_of(browser: Client, path: str) -> str:
    answer = browser.get(path)
    assert answer.status_code == 200, answer.content
    return str(answer.content.decode())


# A forwarded link


def test_a_forwarded_test_shows_no_value_to_its_sender(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    victim = Client()

    report = path_of(go_through(victim, started_by(attacker, row), fake)["Location"])

    shown = text_of(attacker, report)
    assert "Passed" in shown
    assert EMAIL_CLAIM in shown
    assert not [value for value in ANNS if value in shown]
    assert not User.objects.filter(email=ANN.email).exists()


def test_the_browser_that_went_through_is_shown_values(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    report = path_of(go_through(attacker, started_by(attacker, row), fake)["Location"])

    assert ANN.email in text_of(attacker, report)


def test_another_browser_of_whoever_began_it_is_shown_names_only(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    report = path_of(go_through(attacker, started_by(attacker, row), fake)["Location"])
    other = Client()
    other.force_login(User.objects.get(is_staff=True))

    shown = text_of(other, report)

    assert EMAIL_CLAIM in shown
    assert ANN.email not in shown


def test_the_same_setup_link_in_another_browser_shows_names_only(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    holder = Holder(row)
    holder.open()
    report = holder.test(fake)["Location"]
    attacker = Client()
    attacker.post("/saml/setup/open/", {"token": holder.token})

    assert ANN.email in text_of(holder.client, report)
    shown = text_of(attacker, report)
    assert EMAIL_CLAIM in shown
    assert ANN.email not in shown


def test_an_api_client_reads_names_only(
    row: IdentityProvider, fake: FakeIdentityProvider, attacker: Client
) -> None:
    tests = f"/sso-api/v1/identity-providers/{row.slug}/test-sign-ins/"
    begun = attacker.post(tests, {}, content_type="application/json").json()
    go_through(Client(), path_of(begun["start_url"]), fake)

    told = attacker.get(f"{tests}{begun['reference']}/")

    assert told.json()["passed"] is True
    report = told.json()["report"]
    assert report["values_shown"] is False
    assert EMAIL_CLAIM in {one["name"] for one in report["claims"]}
    assert not [value for value in ANNS if value in told.content.decode()]


@pytest.mark.parametrize("forged", ["", "x", "AAAAAAAAAA", '["AAAAAAAAAA"]'])
def test_a_forged_cookie_proves_nothing(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider, forged: str
) -> None:
    report = path_of(go_through(Client(), started_by(attacker, row), fake)["Location"])
    reference = TestSignIn.objects.get().reference
    attacker.cookies[witness.COOKIE] = forged.replace("AAAAAAAAAA", reference)

    assert ANN.email not in text_of(attacker, report)
    assert ANN.email not in text_of(attacker, f"{report}?went_through={forged or reference}")


def test_a_cookie_of_another_test_proves_nothing(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    go_through(attacker, started_by(attacker, row), fake)
    report = path_of(go_through(Client(), started_by(attacker, row), fake)["Location"])

    assert ANN.email not in text_of(attacker, report)


def test_only_the_latest_tests_of_a_browser_are_kept() -> None:
    request, response = RequestFactory().get("/"), HttpResponse()
    for number in range(witness.MAX_TESTS + 5):
        witness.remember(request, response, f"{number:010}")
        request.COOKIES[witness.COOKIE] = response.cookies[witness.COOKIE].value

    kept = [number for number in range(30) if _knows(request, f"{number:010}")]

    assert kept == list(range(5, witness.MAX_TESTS + 5))


def _knows(request: Any, reference: str) -> bool:
    return witness.went_through(request, TestSignIn(reference=reference))


# The start address


def test_a_start_address_works_once(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    start = started_by(attacker, row)
    assert attacker.get(start).status_code == 302
    victim = Client()

    second = victim.get(start)

    assert second.status_code == 410
    assert "This test sign-in has been opened before." in second.content.decode()
    assert "Begin another test sign-in" in second.content.decode()
    assert f"/{row.slug}/login/" not in second.content.decode()
    assert not any(name.startswith("__Host-") for name in victim.cookies)


def test_a_start_address_of_a_test_that_has_ended_is_refused_alike(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    start = started_by(attacker, row)
    go_through(attacker, start, fake)

    assert attacker.get(start).status_code == 410


@pytest.mark.parametrize(
    "looking",
    [
        pytest.param({"HTTP_SEC_FETCH_MODE": "no-cors"}, id="an image"),
        pytest.param({"HTTP_SEC_FETCH_MODE": "cors"}, id="a script"),
        pytest.param({"HTTP_SEC_PURPOSE": "prefetch"}, id="a look ahead"),
        pytest.param({"REQUEST_METHOD": "HEAD"}, id="a program that looks at links"),
    ],
)
def test_loading_a_start_address_in_the_background_has_no_effect(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider, looking: dict[str, str]
) -> None:
    start, victim = started_by(attacker, row), Client()

    answer = victim.get(start, **looking)  # type: ignore[arg-type]

    assert answer.status_code in {401, 405}
    assert not victim.cookies
    assert TestSignIn.objects.get().opened_at is None
    assert attacker.get(start).status_code == 302


# Nobody's sign-in is diverted


@pytest.mark.parametrize("policy", UnsolicitedPolicy.values)
def test_a_start_address_diverts_no_later_sign_in(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider, policy: str
) -> None:
    IdentityProvider.objects.update(enabled=True, unsolicited=policy)
    unled, victim = Client(), Client()
    victim.get(started_by(attacker, row))
    sp = row.as_service_provider()

    def from_the_portal(browser: Client) -> tuple[int, str]:
        response = fake.respond(acs_url=sp.acs_url, audience=sp.entity_id)
        answer = SignIn(browser).deliver(response)
        return answer.status_code, urlsplit(answer.get("Location", "")).path

    assert from_the_portal(victim) == from_the_portal(unled)
    assert TestSignIn.objects.get().finished_at is None


def test_a_start_address_leaves_a_bookmark_as_it_was(
    attacker: Client, row: IdentityProvider
) -> None:
    IdentityProvider.objects.update(enabled=True)
    unled, victim = Client(), Client()
    victim.get(started_by(attacker, row))

    answers = [browser.get(f"/saml/{row.slug}/acs/") for browser in (victim, unled)]

    assert [answer["Location"] for answer in answers] == [f"/saml/{row.slug}/login/"] * 2


# A report at another host


def test_a_report_at_another_host_is_shown_to_the_browser_that_comes_from_the_test(
    settings: Any, fake: FakeIdentityProvider, row: IdentityProvider
) -> None:
    settings.ALLOWED_HOSTS = ["app.example", "portal.acme.example"]
    row.sp_acs_url = f"https://portal.acme.example/saml/{row.slug}/acs/"
    row.save()
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    at_app = Client(SERVER_NAME="app.example")
    at_app.force_login(UserFactory.create(is_staff=True, is_superuser=True))
    start = at_app.post(url("test", row.pk), secure=True).context["url"]
    at_portal = Client(SERVER_NAME="portal.acme.example")
    leaving = at_portal.get(path_of(start), secure=True)
    response = fake.answer(fake.read_request(leaving["Location"]), person=ANN)
    back = at_portal.post(path_of(response.acs_url), response.form, secure=True)["Location"]

    report = path_of(back).partition("?")[0]
    assert ANN.email not in at_app.get(report, secure=True).content.decode()
    taken = at_app.get(path_of(back), secure=True)

    assert (taken.status_code, taken["Location"]) == (302, report)
    assert ANN.email in at_app.get(report, secure=True).content.decode()


@pytest.mark.parametrize(
    ("report_url", "host", "as_it_was"),
    [
        ("/reports/ABC/", "app.example", True),
        ("https://app.example/reports/ABC/", "app.example", True),
        ("https://other.example/reports/", "app.example", True),
        ("https://other.example/reports/ABC/", "app.example", False),
    ],
)
def test_the_proof_goes_to_a_page_of_ours_at_another_host_only(
    report_url: str, host: str, as_it_was: bool
) -> None:
    test = TestSignIn(reference="ABC")

    assert (witness.way_to_report(report_url, test, host=host) == report_url) is as_it_was


def test_a_proof_for_another_host_is_soon_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witness, "_HANDED_OVER_SECONDS", -1)
    way = witness.way_to_report("https://o.example/ABC/", TestSignIn(reference="ABC"), host="x")

    assert not witness.is_handed_over(RequestFactory().get(way), "ABC")


def test_a_report_without_values_has_none_wherever_it_is_kept(
    attacker: Client, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    go_through(attacker, started_by(attacker, row), fake)
    test = TestSignIn.objects.get()
    full = rehearsal.report_of(test, with_values=True)
    bare = rehearsal.report_of(test, with_values=False)

    assert full
    assert bare
    assert ANN.email in str(full)
    assert not [value for value in ANNS if value in str(bare)]
    assert (bare.passed, bare.code, bare.codes) == (full.passed, full.code, full.codes)
    assert any(one.received for one in full.checks)
    assert not any(one.received for one in bare.checks)
    assert not bare.received
    assert [one.name for one in bare.claims] == [one.name for one in full.claims]
