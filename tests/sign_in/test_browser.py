"""What a browser keeps for us, what it says of a request, and which of its requests give way."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from jitprov.sign_in import browser
from jitprov.sign_in.round_trip import MAX_PENDING, PendingLogin

if TYPE_CHECKING:
    from pytest_django import Settings


def pending(number: int, next_url: str, arrivals: int = 0) -> PendingLogin:
    return PendingLogin(
        request_id=f"_{number}",
        slug="acme",
        next_url=next_url,
        started_at=number,
        arrivals=arrivals,
    )


def names_given_up(*waiting: PendingLogin) -> set[str]:
    request = RequestFactory().get("/")
    request.COOKIES = {item.cookie_name: item.dumps() for item in waiting}
    return {item.request_id for item in browser.surplus(request)}


def test_a_page_that_asks_again_and_again_pushes_out_its_own_requests() -> None:
    person = pending(1, "/reports/")
    polls = [pending(number, "/api/") for number in range(2, MAX_PENDING + 4)]

    given_up = names_given_up(person, *polls)

    assert given_up
    assert person.request_id not in given_up
    assert polls[-1].request_id not in given_up


def test_the_oldest_gives_way_among_requests_for_different_pages() -> None:
    waiting = [pending(number, f"/{number}/") for number in range(1, MAX_PENDING + 1)]

    assert "_1" in names_given_up(*waiting)
    assert f"_{MAX_PENDING}" not in names_given_up(*waiting)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-mode": "cors"},
        {"sec-fetch-mode": "no-cors"},
        {"sec-fetch-mode": "same-origin"},
        {"sec-fetch-mode": "navigate", "sec-purpose": "prefetch;prerender"},
        {"purpose": "prefetch"},
    ],
)
def test_requests_that_no_person_makes_are_told(headers: dict[str, str]) -> None:
    assert browser.in_background(RequestFactory().get("/", headers=headers))


@pytest.mark.parametrize("headers", [{}, {"sec-fetch-mode": "navigate"}])
def test_a_person_who_goes_to_a_page_is_not_in_the_background(headers: dict[str, str]) -> None:
    assert not browser.in_background(RequestFactory().get("/", headers=headers))


def arrivals_after(earlier: PendingLogin | None) -> int:
    response = HttpResponse()
    browser.count_arrival(response, earlier)
    request = RequestFactory().get("/")
    request.COOKIES = {browser.ARRIVALS: response.cookies[browser.ARRIVALS].value}
    return browser.arrivals(request)


def test_arrivals_count_only_those_that_follow_one_another() -> None:
    assert arrivals_after(None) == 1
    assert arrivals_after(pending(1, "/")) == 1
    assert arrivals_after(pending(1, "/", arrivals=4)) == 5


def test_a_count_that_we_did_not_write_is_none() -> None:
    request = RequestFactory().get("/")
    request.COOKIES = {browser.ARRIVALS: "9"}

    assert browser.arrivals(request) == 0


def test_a_request_that_another_release_has_written_is_read() -> None:
    from django.core import signing  # noqa: PLC0415

    from jitprov.sign_in import round_trip  # noqa: PLC0415

    kept = {"request_id": "_1", "slug": "acme", "next_url": "/", "started_at": 1.0, "later": "x"}
    text = signing.dumps(kept, salt=round_trip._SALT)

    assert PendingLogin.loads(text) == pending(1, "/")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.77", "203.0.113.0/24"),
        ("2001:db8:1:2::77", "2001:db8:1::/48"),
        ("::ffff:203.0.113.77", "203.0.113.0/24"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("/run/gunicorn.sock", ""),
        ("203.0.113.77, 10.0.0.1", ""),
    ],
)
def test_of_an_address_only_the_network_is_kept(address: str, network: str) -> None:
    forged = {"x-forwarded-for": "198.51.100.1", "x-real-ip": "198.51.100.1"}
    request = RequestFactory(headers=forged).get("/", REMOTE_ADDR=address)
    assert browser.network(request) == network


@pytest.mark.parametrize(
    ("bits", "network"),
    [
        ({4: 32}, "203.0.113.77/32"),
        ({4: 0, 6: 48}, ""),
        ({6: 48}, ""),
        ({4: 33}, ""),
        ({4: "24"}, ""),
        (24, ""),
    ],
)
def test_the_host_says_how_much_of_an_address_is_kept(
    settings: Settings, bits: object, network: str
) -> None:
    settings.JITPROV_EVENT_NETWORK_BITS = bits
    request = RequestFactory().get("/", REMOTE_ADDR="203.0.113.77")
    assert browser.network(request) == network
