"""Being refused: what a person, a program and the tenant's admin are told, and what junk can do."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.core import signing
from django.test import Client
from django.urls import reverse

from jitprov.journal import unproved_refusals
from jitprov.models import (
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
)
from jitprov.saml import toolkit
from jitprov.sign_in.browser import MAX_REFUSALS, REFUSALS
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()
ACS = "/saml/acme/acs/"


def test_a_refusal_shows_its_cause_and_its_reference(sign_in: Callable[..., Any]) -> None:
    sign_in()
    User.objects.update(is_active=False)
    answer = sign_in()
    assert answer.status_code == 403
    text = answer.content.decode()
    assert "switched off" in text
    assert event().reference in text
    assert event().reason == "account_disabled"
    assert event().user == User.objects.get()


def refused_page(client: Client) -> str:
    """Post nothing to the assertion consumer service, and return the URL of the page that says so."""
    answer = client.post(ACS, {"RelayState": "/elsewhere/"})
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_refusal_has_a_page_of_its_own_that_shows_the_same_at_each_look(
    client: Client, idp: IdentityProvider
) -> None:
    url = refused_page(client)
    assert url.startswith(f"{ACS}?refused=")

    first, again = client.get(url), client.get(url)
    assert (first.status_code, again.status_code) == (400, 400)
    assert event().reference in first.content.decode()
    assert first.content == again.content
    assert first["Cache-Control"].startswith("max-age=0")
    assert ProvisioningEvent.objects.count() == 1


@pytest.mark.parametrize("change", ["another browser", "another URL", "another provider", "forged"])
def test_the_page_of_a_refusal_is_shown_only_to_the_browser_that_was_refused(
    client: Client, idp: IdentityProvider, change: str
) -> None:
    url = refused_page(client)
    reference = event().reference
    [name] = [name for name in client.cookies if name.startswith(REFUSALS)]
    if change == "another browser":
        client = Client()
    elif change == "another URL":
        url = url[:-1] + ("0" if url[-1] != "0" else "1")
    elif change == "another provider":
        IdentityProvider.objects.create(slug="other", tenant=idp.tenant, enabled=False)
        url = url.replace("acme", "other")
    else:
        client.cookies[name] = signing.dumps([ACS, "expired", reference, ""], salt="another")

    answer = client.get(url)
    assert answer.status_code == 403
    assert reference not in answer.content.decode()
    assert "request_unknown" in answer.content.decode()


def test_the_cookie_of_a_refusal_is_closed_to_scripts_and_few_are_kept(
    client: Client, idp: IdentityProvider
) -> None:
    urls = [refused_page(client) for _ in range(4)]
    kept = [one for name, one in client.cookies.items() if name.startswith(REFUSALS) and one.value]
    assert len(kept) == MAX_REFUSALS
    for one in kept:
        assert one["secure"]
        assert one["httponly"]
        assert (one["path"], one["domain"]) == ("/", "")
    assert client.get(urls[-1]).status_code == 400


def test_no_reference_is_asked_for_where_there_is_none(client: Client) -> None:
    answer = client.post("/saml/nobody/acs/", {})
    assert answer.status_code == 404
    assert "<dt>Reference</dt>" not in answer.content.decode()


def test_a_program_that_asks_for_json_gets_json(client: Client, idp: IdentityProvider) -> None:
    answer = client.post(
        reverse("jitprov:acs", args=["acme"]),
        {"SAMLResponse": "junk!"},
        headers={"accept": "application/json"},
    )
    assert answer.status_code == 400
    assert answer.json()["error"] == "response_not_base64"
    assert answer.json()["reference"] == event().reference


def test_a_verifier_that_cannot_run_is_told_as_our_failure_and_the_person_may_try_again(
    saml_sign_in: SignIn,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    with monkeypatch.context() as broken:

        def fail(_root: object) -> None:
            raise RuntimeError("ann.archer@acme.example")

        broken.setattr(toolkit._schema, "first_fault", fail)
        answer = saml_sign_in.deliver(response)
    assert answer.status_code == 503
    assert event().reference in answer.content.decode()
    assert (event().outcome, event().reason) == (Outcome.ERROR, "verifier_failed")
    [record] = [
        item for item in caplog.records if item.levelno >= logging.ERROR and item.name == "jitprov"
    ]
    assert "RuntimeError" in record.getMessage()
    assert "ann.archer" not in caplog.text
    assert saml_sign_in.deliver(response).status_code == 302


def test_settings_that_make_no_sense_are_told_as_our_failure(
    client: Client,
    idp: IdentityProvider,
    settings: Any,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings.JITPROV_SP_KEY_PAIRS = ["no pair"]
    assert client.get(reverse("jitprov:login", args=["acme"])).status_code == 503
    [record] = [item for item in caplog.records if item.name == "jitprov"]
    assert record.levelno == logging.ERROR
    assert "configuration_error" in record.getMessage()


@pytest.mark.parametrize("view", ["login", "metadata", "acs"])
def test_an_unknown_identity_provider_answers_404(client: Client, view: str) -> None:
    method = client.post if view == "acs" else client.get
    answer = method(reverse(f"jitprov:{view}", args=["nobody"]))
    assert answer.status_code == 404
    assert b"We know no organisation" in answer.content


def test_a_disabled_identity_provider_can_neither_begin_nor_finish_a_sign_in(
    client: Client, saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: Any
) -> None:
    response = saml_sign_in.begin(idp, fake_identity_provider)
    IdentityProvider.objects.update(enabled=False)
    assert client.get(reverse("jitprov:login", args=["acme"])).status_code == 403
    assert (event().reason, event().verified) == ("identity_provider_disabled", False)
    assert saml_sign_in.deliver(response).status_code == 403
    assert event().reason == "identity_provider_disabled"
    assert not User.objects.exists()


def test_a_get_of_the_acs_begins_a_sign_in(client: Client, idp: IdentityProvider) -> None:
    answer = client.get(reverse("jitprov:acs", args=["acme"]))
    assert (answer.status_code, answer["Location"]) == (302, "/saml/acme/login/")


def test_unreadable_responses_are_counted_and_cannot_fill_the_table(
    client: Client,
    idp: IdentityProvider,
    settings: Any,
    monkeypatch: pytest.MonkeyPatch,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.JITPROV_UNVERIFIED_EVENTS_KEPT = 5
    monkeypatch.setattr(unproved_refusals, "EVERY", timedelta())
    monkeypatch.setattr(unproved_refusals, "RETRY", timedelta())
    for _ in range(12):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(reverse("jitprov:acs", args=["acme"]), {"SAMLResponse": "AAAA"})
    assert idp.unproved_refusals.count == 12
    assert ProvisioningEvent.objects.count() == 5


def test_unverified_events_do_not_push_out_verified_ones(
    client: Client, sign_in: Callable[..., Any], settings: Any
) -> None:
    settings.JITPROV_UNVERIFIED_EVENTS_KEPT = 1
    sign_in()
    for _ in range(3):
        client.post(reverse("jitprov:acs", args=["acme"]), {"SAMLResponse": "AAAA"})
    assert ProvisioningEvent.objects.filter(verified=True).count() == 1


def test_trying_again_leads_to_the_wanted_page(
    saml_sign_in: SignIn, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    answer = saml_sign_in(idp, fake_identity_provider, next_url="/reports/?a=1&b=2", sign=None)
    assert answer.status_code == 403
    assert 'href="/saml/acme/login/?next=%2Freports%2F%3Fa%3D1%26b%3D2"' in answer.content.decode()
