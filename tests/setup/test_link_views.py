"""The pages of a setup link: the whole way, opening a link, its cookie, and what the pages do not disclose."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core import signing
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import (
    ConfigurationChange,
    IdentityProvider,
    SetupLink,
    Via,
)
from jitprov.setup import link_cookies
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User
from tests.support.factories import TenantFactory, connected, map_group
from tests.support.setup_link_holder import CODE, OPEN, SETUP, Holder, as_shown, made

pytestmark = pytest.mark.django_db


@pytest.fixture
def draft() -> IdentityProvider:
    url = setup_links.make_for_tenant(TenantFactory.create(name="Acme", slug="acme"), actor=CODE)[1]
    link = setup_links.find(url.rpartition("=")[2], timezone.now())
    assert link is not None
    setup_links.revoke(link, CODE)
    return link.identity_provider


@pytest.fixture
def holder(idp: IdentityProvider) -> Holder:
    holder = Holder(idp)
    holder.open()
    return holder


@pytest.fixture
def theirs() -> IdentityProvider:
    row = connected(FakeIdentityProvider(), slug="theirs")
    map_group(row, "finance")
    return row


# The whole way


def test_the_holder_of_a_link_gets_from_a_draft_to_a_first_sign_in(
    draft: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    holder = Holder(draft)
    assert (
        "Continue" in holder.client.get(f"/saml/setup/link/?token={holder.token}").content.decode()
    )
    assert holder.open()["Location"] == SETUP
    assert "Acme" in holder.text()

    holder.give_metadata(fake_identity_provider)
    draft.refresh_from_db()
    assert draft.entity_id == fake_identity_provider.entity_id
    mapping = draft.claim_mappings.get(target="email")
    shown = as_shown(holder.text())
    [prefix] = [
        name.rpartition("-")[0]
        for name, value in shown.items()
        if name.endswith("-id") and value == str(mapping.pk) and name.startswith("claim_mappings")
    ]
    assert holder.save(**{f"{prefix}-required": "on"}).status_code == 302
    mapping.refresh_from_db()
    assert mapping.required

    back = holder.test(fake_identity_provider)
    assert "Passed" in holder.client.get(back["Location"]).content.decode()
    assert not User.objects.exists()
    holder.switch("_enable")
    draft.refresh_from_db()
    assert draft.enabled

    assert SignIn(Client())(draft, fake_identity_provider, ANN).status_code == 302
    assert User.objects.get().email == ANN.email
    by_link = ConfigurationChange.objects.filter(actor=Actor.holder(holder.link).name)
    assert {change.via for change in by_link} == {Via.SETUP_LINK}
    assert {"setup_link", "certificate", "claim_mapping", "identity_provider"} <= {
        change.what for change in by_link
    }


def test_the_page_names_the_tenant_the_recipient_and_the_expiry(holder: Holder) -> None:
    text = holder.text()

    assert holder.row.tenant.name in text
    assert "Ann of Acme" in text
    assert str(holder.link.expires_at.year) in text


def test_the_message_of_a_button_is_shown_once(holder: Holder) -> None:
    holder.switch("_disable")

    assert "The sign-in is disabled." in holder.text()
    assert "The sign-in is disabled." not in holder.text()


def test_our_metadata_can_be_downloaded(holder: Holder) -> None:
    file = holder.client.get(reverse("jitprov:setup-download"))

    assert file["Content-Disposition"] == 'attachment; filename="acme-metadata.xml"'
    assert holder.row.url("acs") in file.content.decode()
    assert reverse("jitprov:setup-download") in holder.text()


# Opening


def test_requesting_the_url_of_a_link_has_no_effect(
    idp: IdentityProvider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    link, token = made(idp)
    preview_bot = Client()

    with django_assert_num_queries(0):
        for method in (preview_bot.get, preview_bot.head, preview_bot.post, preview_bot.options):
            answer = method(f"/saml/setup/link/?token={token}")
            assert answer.status_code == 200
    assert set(preview_bot.cookies) == {"csrftoken"}
    assert (
        idp.tenant.name not in preview_bot.get(f"/saml/setup/link/?token={token}").content.decode()
    )
    link.refresh_from_db()
    assert link.last_used_at is None


def test_the_cookie_is_bound_to_this_host_and_hidden_from_scripts(idp: IdentityProvider) -> None:
    holder = Holder(idp)

    cookie = holder.open().cookies[link_cookies.HOLDER]

    assert cookie.key.startswith("__Host-")
    assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")
    assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert holder.token not in cookie.value


def test_opening_a_link_is_recorded_and_its_last_use_stored(holder: Holder) -> None:
    holder.page()

    holder.link.refresh_from_db()
    assert holder.link.last_used_at is not None
    last = ConfigurationChange.objects.latest("pk")
    assert (last.note, last.actor) == ("opened", Actor.holder(holder.link).name)


@pytest.mark.parametrize("token", ["", "A" * 43, "x" * 100_000, "\x00", "é"])
def test_a_forged_token_opens_nothing(
    idp: IdentityProvider, token: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client = Client()

    with django_assert_max_num_queries(1):
        answer = client.post(OPEN, {"token": token})

    assert answer.status_code == 404
    assert link_cookies.HOLDER not in client.cookies


def expire(link: SetupLink) -> None:
    SetupLink.objects.filter(pk=link.pk).update(expires_at=timezone.now())


ENDS: list[Callable[[SetupLink], Any]] = [
    expire,
    lambda link: setup_links.revoke(link, CODE),
    lambda link: link.identity_provider.delete(),
]


@pytest.mark.parametrize("end", ENDS, ids=["expired", "revoked", "deleted"])
def test_a_link_that_is_no_longer_valid_opens_nothing_and_gives_no_reason(
    holder: Holder, end: Callable[[SetupLink], Any]
) -> None:
    end(holder.link)

    answers = [holder.open(), holder.page(), holder.client.post(SETUP), holder.switch("_enable")]

    assert {answer.status_code for answer in answers} == {404}
    assert len({re.sub(r'<input type="hidden".*?>', "", a.content.decode()) for a in answers}) == 1
    assert holder.row.tenant.name not in answers[0].content.decode()


def cookie_of(value: str) -> Client:
    client = Client()
    client.cookies[link_cookies.HOLDER] = value
    return client


def test_a_forged_cookie_opens_nothing(
    holder: Holder, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    digest = holder.link.token_digest
    forged = [
        "",
        "x" * 4000,
        holder.token,
        digest,
        signing.dumps(digest),
        signing.dumps(digest, key="another", salt=link_cookies.HOLDER),
        holder.client.cookies[link_cookies.HOLDER].value + "x",
    ]

    with django_assert_num_queries(0):
        assert {cookie_of(value).get(SETUP).status_code for value in forged} == {404}


def test_a_signed_cookie_without_a_link_opens_nothing_in_one_statement(
    idp: IdentityProvider, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = cookie_of(signing.dumps("0" * 64, salt=link_cookies.HOLDER))

    with django_assert_num_queries(1):
        assert client.get(SETUP).status_code == 404


def test_a_cookie_is_refused_after_its_lifetime(holder: Holder, monkeypatch: Any) -> None:
    monkeypatch.setattr(link_cookies, "HOLDER_LIFETIME", timedelta(0))

    assert holder.page().status_code == 404


def test_the_link_opened_last_counts(holder: Holder, theirs: IdentityProvider) -> None:
    other = Holder(theirs, holder.client)
    other.open()

    assert "theirs" in holder.text()
    holder.open()
    assert "theirs" not in holder.text()


# Every POST needs a CSRF token


PAGES = ["setup-open", "setup", "setup-metadata", "setup-test", "setup-switch"]


@pytest.mark.parametrize("name", PAGES)
def test_a_post_without_a_csrf_token_is_refused(holder: Holder, name: str) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = holder.client.cookies

    answer = strict.post(reverse(f"jitprov:{name}"), {"token": holder.token, "_disable": "1"})

    assert answer.status_code == 403
    holder.row.refresh_from_db()
    assert holder.row.enabled


@pytest.mark.parametrize("name", PAGES)
def test_a_get_of_a_url_that_takes_posts_leads_to_the_page(holder: Holder, name: str) -> None:
    assert holder.client.get(reverse(f"jitprov:{name}"), follow=True).status_code == 200


# Headers


def test_every_page_has_the_headers_that_protect_it(holder: Holder) -> None:
    ended = Client()
    for answer in (
        holder.client.get(f"/saml/setup/link/?token={holder.token}"),
        holder.open(),
        holder.page(),
        holder.client.get("/saml/setup/tests/nothing/"),
        ended.get(SETUP),
        ended.post(OPEN),
    ):
        policy = answer["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self';")
        for part in ("form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in policy
        assert "unsafe" not in policy
        assert answer["Referrer-Policy"] == "strict-origin"
        assert "no-store" in answer["Cache-Control"]
        assert answer["X-Frame-Options"] == "DENY"
        assert "noindex" in answer["X-Robots-Tag"]


def test_the_policy_allows_static_files_on_another_host(holder: Holder, settings: Any) -> None:
    settings.STATIC_URL = "https://cdn.example/static/"

    assert "script-src 'self' https://cdn.example;" in holder.page()["Content-Security-Policy"]


def test_no_page_has_inline_scripts_or_styles(
    holder: Holder, fake_identity_provider: FakeIdentityProvider
) -> None:
    report = holder.test(fake_identity_provider)["Location"]
    for html in (holder.text(), holder.client.get(report).content.decode()):
        assert not re.search(r"<script(?![^>]*\bsrc=)", html)
        assert not re.search(r"<style|\sstyle=|\son\w+=|javascript:", html)
        assert not re.search(r'(src|href)="(https?:)?//', html)


# The token is in one URL only


def test_the_token_is_in_no_log(holder: Holder, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = holder.token
    strict = Client(enforce_csrf_checks=True, raise_request_exception=False)

    for client in (holder.client, strict):
        for method in (client.get, client.post, client.put, client.delete, client.patch):
            method(f"/saml/setup/link/?token={token}")
        client.get(f"/saml/setup/{token}")
        client.get(f"/saml/setup/{token[:20]}/")
        client.post(OPEN, {"token": token})
        client.post(OPEN, {"token": token[:-1]})
        client.get(SETUP)
    setup_links.revoke(holder.link, CODE)
    holder.client.get(f"/saml/setup/link/?token={token}")
    holder.client.post(OPEN, {"token": token})

    assert caplog.records
    for record in caplog.records:
        written = f"{record.getMessage()} {record.args}"
        assert token not in written
        assert token[:20] not in written


def test_the_token_is_on_no_page_after_the_link_was_opened(holder: Holder) -> None:
    assert holder.token not in holder.text()
    assert holder.link.token_digest not in holder.text()


# The kind of directory, which nobody has chosen before


@pytest.mark.parametrize("kind", ["okta", "none"])
def test_the_holder_chooses_the_kind_of_directory(draft: IdentityProvider, kind: str) -> None:
    holder = Holder(draft)
    holder.open()
    shown = holder.page()
    assert [one.section.name for one in shown.context["sections"] if one.is_open] == ["kind"]

    answer = holder.client.post(SETUP, {**as_shown(holder.text()), "_kind": kind})

    assert answer["Location"] == f"{SETUP}?step=give#kind"
    after = holder.client.get(answer["Location"])
    assert [one.section.name for one in after.context["sections"] if one.is_open] == ["give"]
    draft.refresh_from_db()
    assert draft.preset == kind


def test_a_draft_whose_kind_is_not_chosen_can_be_saved(draft: IdentityProvider) -> None:
    holder = Holder(draft)
    holder.open()

    assert holder.save(**{"admission-unsolicited": "reject"}).status_code == 302

    draft.refresh_from_db()
    assert (draft.preset, draft.unsolicited) == ("none", "reject")


def test_metadata_on_the_page_is_kept_at_once_also_without_a_kind(
    draft: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    holder = Holder(draft)
    holder.open()
    typed = {**as_shown(holder.text()), "metadata-xml": fake_identity_provider.metadata_xml()}

    answer = holder.client.post("/saml/setup/from-metadata/", typed)

    assert answer["Location"] == f"{SETUP}#metadata"
    draft.refresh_from_db()
    assert draft.preset == "entra"


def test_a_kind_that_is_none_is_refused(draft: IdentityProvider) -> None:
    holder = Holder(draft)
    holder.open()

    answer = holder.client.post(SETUP, {**as_shown(holder.text()), "_kind": "azure"})

    assert answer.status_code == 200
    draft.refresh_from_db()
    assert draft.preset == "none"


def test_metadata_makes_the_mappings_of_the_kind_that_was_chosen(
    draft: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    holder = Holder(draft)
    holder.open()
    holder.client.post(SETUP, {**as_shown(holder.text()), "_kind": "entra"})
    holder.give_metadata(fake_identity_provider)

    draft.refresh_from_db()
    assert draft.subject_claim.endswith("/objectidentifier")
    assert draft.claim_mappings.filter(target="email").exists()
