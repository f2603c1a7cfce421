"""No address of ours with a secret in it is logged with the secret, however it is misspelt."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from django.test import Client
from django.urls import get_resolver
from django.urls.resolvers import URLResolver

from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, TestSignIn, Via
from jitprov.sign_in import rehearsal, witness
from tests.support.factories import UserFactory

pytestmark = pytest.mark.django_db
CODE = Actor(via=Via.CODE, name="the tests")
METHODS = ("get", "head", "post", "put", "patch", "delete", "options", "trace")
NO_SECRETS = {
    "slug",
    "reference",
    "id",
    "object_id",
    "app_label",
    "content_type_id",
    "url",
    "colour",
}
"""What the paths of ours and of the admin are made of."""


def setup_link(row: IdentityProvider) -> str:
    return setup_links.make(row, actor=CODE)[1]


def start_of_a_test(row: IdentityProvider) -> str:
    actor = Actor.person(UserFactory.create())
    return rehearsal.start_url(rehearsal.begin(row, actor=actor, report_url="/"))


def report_at_another_host(row: IdentityProvider) -> str:
    test = TestSignIn(reference="ABCDEFGHIJ")
    url = "https://app.example/saml/setup/tests/ABCDEFGHIJ/"
    return witness.way_to_report(url, test, host="portal.example")


MAKERS = [setup_link, start_of_a_test, report_at_another_host]


def misspelt(url: str) -> Iterator[str]:
    """Yield the address as it is, and as e-mails, proxies and people spoil it."""
    parts = urlsplit(url)
    path, query = parts.path, parts.query
    yield f"{path}?{query}"
    for ending in (")", ").", ">", "%0a", "%20x", "/", "/x/", "&", "%00", "#", "%2f"):
        yield f"{path}?{query}{ending}"
    for wrong in (
        path.rstrip("/"),
        f"{path}/",
        f"{path}x",
        f"{path}x/y",
        f"/{path}",
        f"{path[:-2]}/",
        path.replace("/saml/", "/"),
        path.replace("/saml/", "/saml//"),
        path.replace("/saml/", "/SAML/"),
        path.upper(),
        f"{path}%0a",
        "/",
    ):
        yield f"{wrong}?{query}"


@pytest.mark.parametrize("make", MAKERS)
def test_no_secret_of_an_address_is_logged(
    idp: IdentityProvider,
    make: Callable[[IdentityProvider], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = make(idp)
    [[secret]] = parse_qs(urlsplit(url).query).values()
    clients = [
        Client(raise_request_exception=False),
        Client(raise_request_exception=False, enforce_csrf_checks=True),
    ]
    caplog.set_level(logging.DEBUG)

    for client in clients:
        for address in misspelt(url):
            for method in METHODS:
                client.generic(method.upper(), address)

    assert len(caplog.records) > len(METHODS)
    assert not [
        record.getMessage()
        for record in caplog.records
        if record.name.startswith(("django", "jitprov"))
        and secret[:12] in unquote(record.getMessage() + str(record.exc_text))
    ]


@pytest.mark.parametrize("make", MAKERS)
def test_a_secret_is_in_the_query_of_an_address(
    idp: IdentityProvider, make: Callable[[IdentityProvider], str]
) -> None:
    parts = urlsplit(make(idp))

    [[secret]] = parse_qs(parts.query).values()
    assert len(secret) > 20
    assert secret not in parts.path


def test_no_path_of_ours_has_a_place_for_a_secret() -> None:
    """But that of setup links of the release before, where nothing is refused."""
    found = {
        name
        for namespace in ("jitprov.urls", "jitprov.api.urls")
        for name in _parameters(get_resolver(namespace))
    }

    assert found - NO_SECRETS == {"token"}


def _parameters(resolver: URLResolver) -> Iterator[str]:
    for one in resolver.url_patterns:
        if isinstance(one, URLResolver):
            yield from _parameters(one)
        else:
            yield from one.pattern.regex.groupindex


@pytest.mark.parametrize("before", ["", "/", "open/", "x/y/", "%0a"])
@pytest.mark.parametrize("after", ["", "/", ")", "/%0a/x", "/x/y/z/", "%00"])
def test_a_link_of_the_release_before_is_not_logged_either(
    client: Client, before: str, after: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = secrets.token_urlsafe(setup_links.TOKEN_BYTES)
    caplog.set_level(logging.DEBUG)

    for method in METHODS:
        client.generic(method.upper(), f"/saml/setup/{before}{token}{after}")

    assert token not in unquote(caplog.text)
