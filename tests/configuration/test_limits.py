"""One limit on what costs much, by the set-up page, a setup link and the API."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from jitprov.configuration import limits
from jitprov.configuration.limits import PERIOD, SHARE, Throttled, count_costly
from jitprov.journal.actors import Actor
from jitprov.metadata import source
from jitprov.models import IdentityProvider, TestSignIn, Via
from jitprov.testing import FakeIdentityProvider
from tests.setup.pages import Page, administrator_of, url
from tests.support.factories import UserFactory, connected
from tests.support.setup_link_holder import Holder, as_shown

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db
MOST = 3
Do = Callable[[], Any]


@pytest.fixture(autouse=True)
def _in_one_minute(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.JITPROV_COSTLY_PER_MINUTE = MOST
    monkeypatch.setattr(limits, "_now", lambda: 1_000_000_010)


@pytest.fixture(autouse=True)
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Addresses that were fetched."""
    found: list[str] = []

    def fetch(address: str, *_: object, **__: object) -> bytes:
        found.append(address)
        return FakeIdentityProvider().metadata_xml().encode()

    monkeypatch.setattr(source, "fetch_metadata", fetch)
    return found


@pytest.fixture
def row() -> IdentityProvider:
    row = connected(FakeIdentityProvider(), slug="acme", preset="entra", enabled=False)
    row.metadata_url = "https://idp.example/metadata"
    row.save()
    return row


def metadata_of(row: IdentityProvider) -> dict[str, str]:
    return {"metadata-url": "https://idp.example/metadata", "_read": "1"}


def by_page(row: IdentityProvider) -> dict[str, Do]:
    browser = Client()
    browser.force_login(administrator_of(row))
    page = Page(browser, row)
    typed = {"claim_mappings-0-sources": "typed-just-now"}
    return {
        "preview": lambda: page.press("_preview", "Preview", typed),
        "test": lambda: browser.post(url("test", row.pk)),
        "fetch": lambda: browser.post(url("metadata", row.pk), metadata_of(row)),
        "fetch again": lambda: browser.post(url("metadata", row.pk), {"_fetch_again": "1"}),
    }


def by_link(row: IdentityProvider) -> dict[str, Do]:
    holder = Holder(row)
    holder.open()
    post, at = holder.client.post, reverse
    return {
        "preview": lambda: post("/saml/setup/", {**as_shown(holder.text()), "_preview": "1"}),
        "test": lambda: post(at("jitprov:setup-test")),
        "fetch": lambda: post(at("jitprov:setup-metadata"), metadata_of(row)),
        "fetch again": lambda: post(at("jitprov:setup-metadata"), {"_fetch_again": "1"}),
    }


def by_api(row: IdentityProvider, user: Any = None) -> dict[str, Do]:
    client = Client()
    client.force_login(user or administrator_of(row))

    def post(rest: str, body: dict[str, Any]) -> Any:
        path = f"/sso-api/v1/identity-providers/{row.slug}/{rest}"
        return client.post(path, body, content_type="application/json")

    return {
        "preview": lambda: post("preview/", {}),
        "test": lambda: post("test-sign-ins/", {}),
        "fetch": lambda: post("metadata/", {"url": "https://idp.example/m", "dry_run": True}),
        "fetch again": lambda: post("metadata/refresh/", {}),
    }


@pytest.mark.parametrize("door", [by_page, by_link, by_api])
@pytest.mark.parametrize("what", ["preview", "test", "fetch", "fetch again"])
def test_no_door_lets_anybody_do_what_costs_much_without_limit(
    row: IdentityProvider, fetched: list[str], door: Callable[..., dict[str, Do]], what: str
) -> None:
    do = door(row)[what]

    answers = [do() for _ in range(MOST + 1)]

    assert not any(answer.status_code == 429 for answer in answers[:-1])
    assert answers[-1].status_code == 429
    assert int(answers[-1]["Retry-After"]) == PERIOD - 1_000_000_010 % PERIOD
    assert max(len(fetched), TestSignIn.objects.count()) <= MOST


def test_the_page_says_when_to_try_again_and_keeps_what_was_typed(row: IdentityProvider) -> None:
    preview = by_page(row)["preview"]
    for _ in range(MOST):
        preview()

    text = preview().content.decode()

    assert f"Try again in {PERIOD - 1_000_000_010 % PERIOD} seconds." in text
    assert "typed-just-now" in text


def test_the_link_says_so_too(row: IdentityProvider) -> None:
    test = by_link(row)["test"]
    for _ in range(MOST):
        test()

    assert "Try again in" in test().content.decode()


def test_page_and_api_count_together(row: IdentityProvider) -> None:
    user = administrator_of(row)
    browser = Client()
    browser.force_login(user)
    for _ in range(MOST):
        assert browser.post(url("test", row.pk)).status_code == 200

    answer = by_api(row, user)["preview"]()

    assert answer.status_code == 429
    assert answer.json()["code"] == "throttled"


def test_many_people_and_links_of_one_identity_provider_count_together(
    row: IdentityProvider,
) -> None:
    for _ in range(SHARE):
        actor = Actor.person(UserFactory.create())
        for _ in range(MOST):
            count_costly(row, actor)

    with pytest.raises(Throttled):
        count_costly(row, Actor.person(UserFactory.create()))


def test_a_person_over_their_limit_uses_nothing_up_for_others(row: IdentityProvider) -> None:
    busy = Actor(via=Via.SETUP_LINK, name="setup link 7")
    for _ in range(MOST):
        count_costly(row, busy)
    for _ in range(SHARE * MOST):
        with pytest.raises(Throttled):
            count_costly(row, busy)

    count_costly(row, Actor.person(UserFactory.create()))


def test_a_stranger_uses_nothing_up_for_a_tenant(row: IdentityProvider) -> None:
    other = connected(FakeIdentityProvider(), slug="other")
    stranger = administrator_of(other)
    for _ in range(SHARE * MOST + 1):
        assert by_api(row, stranger)["test"]().status_code == 404

    assert by_api(row)["test"]().status_code == 201


def test_the_next_minute_is_another(row: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = Actor(via=Via.SETUP_LINK, name="setup link 7")
    for _ in range(MOST):
        count_costly(row, actor)
    monkeypatch.setattr(limits, "_now", lambda: 1_000_000_010 + PERIOD)

    count_costly(row, actor)


# The cache


def test_without_a_cache_nothing_that_costs_much_is_done(
    row: IdentityProvider, settings: Settings
) -> None:
    doors = [door(row) for door in (by_page, by_link)]
    settings.CACHES = {"default": {"BACKEND": "tests.whole.test_outages.Down"}}

    answers = [doors[0]["test"](), doors[1]["test"]()]

    assert [answer.status_code for answer in answers] == [503, 503]
    assert not TestSignIn.objects.exists()


def test_a_cache_that_keeps_nothing_limits_nothing(
    row: IdentityProvider, settings: Settings
) -> None:
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}

    for _ in range(MOST + 1):
        count_costly(row, Actor(via=Via.SETUP_LINK, name="setup link 7"))


def test_a_mistake_is_no_outage(row: IdentityProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "_counted", lambda key: 1 / 0)

    with pytest.raises(ZeroDivisionError):
        count_costly(row, Actor(via=Via.SETUP_LINK, name="setup link 7"))


def test_a_sign_in_is_not_counted(idp: IdentityProvider, sign_in: Any, settings: Settings) -> None:
    settings.CACHES = {"default": {"BACKEND": "tests.whole.test_outages.Down"}}

    assert [sign_in().status_code for _ in range(MOST + 1)] == [302] * (MOST + 1)
