"""Where people may be sent after sign-in: our own host, the hosts that the settings name, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import override_settings

from jitprov.host.next_url import safe_next_url, url_after_logout

USUAL = "/home/"


@pytest.fixture(autouse=True)
def host() -> object:
    hosts = [".app.example", "front.example:8443"]
    with override_settings(LOGIN_REDIRECT_URL=USUAL, JITPROV_ALLOWED_NEXT_HOSTS=hosts):
        yield


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param("/reports/", id="a path"),
        pytest.param("https://app.example/reports/", id="our own host"),
        pytest.param("https://acme.app.example/reports/?a=1#top", id="a host below the domain"),
        pytest.param("https://Acme.APP.example/", id="in any case"),
        pytest.param("https://front.example:8443/", id="a host by its name, with its port"),
    ],
)
def test_people_are_sent_to_allowed_hosts(wanted: str) -> None:
    assert safe_next_url(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    [
        pytest.param("https://evil.example/", id="another host"),
        pytest.param("https://evilapp.example/", id="a host that only ends alike"),
        pytest.param("https://app.example.evil.example/", id="a host that only begins alike"),
        pytest.param("https://front.example/", id="another port of a host that has one"),
        pytest.param("https://acme.app.example:8443/", id="a port where none is named"),
        pytest.param("https://sub.front.example:8443/", id="below a host that is named alone"),
        pytest.param("http://acme.app.example/", id="without https"),
        pytest.param("javascript://acme.app.example/%0aalert(1)", id="another scheme"),
        pytest.param("https://evil@acme.app.example/", id="with a user"),
        pytest.param(r"https://evil.example\@acme.app.example/", id="behind a backslash"),
        pytest.param(r"https://evil.example\.app.example/", id="with a backslash in the host"),
        pytest.param("https://evil.example%2f.app.example/", id="with an escape in the host"),
        pytest.param("https://evil.example\t.app.example/", id="with a control character"),
        pytest.param("https://acme.app.example\u3002evil.example/", id="with another full stop"),
        pytest.param("https://[acme.app.example/", id="what is no URL"),
        pytest.param("///acme.app.example/", id="three slashes"),
    ],
)
def test_people_are_not_sent_to_other_hosts(wanted: str) -> None:
    assert safe_next_url(wanted) == USUAL


@pytest.mark.parametrize(
    "hosts",
    [
        pytest.param((), id="none"),
        pytest.param(["*"], id="a wildcard"),
        pytest.param(["."], id="a dot"),
        pytest.param([".example"], id="a top-level domain"),
        pytest.param([""], id="nothing"),
        pytest.param([None], id="no text"),
        pytest.param("*.evil.example.", id="letters of a text"),
    ],
)
@pytest.mark.parametrize("wanted", ["https://evil.example/", "https://evil.example./"])
def test_settings_without_a_host_allow_none(hosts: object, wanted: str) -> None:
    with override_settings(JITPROV_ALLOWED_NEXT_HOSTS=hosts):
        assert safe_next_url(wanted) == USUAL


def test_a_single_host_may_be_set_without_a_list() -> None:
    with override_settings(JITPROV_ALLOWED_NEXT_HOSTS="front.example"):
        assert safe_next_url("https://front.example/") == "https://front.example/"


@pytest.mark.parametrize("wanted", ["/reports/?a=b", "https://app.example/"])
def test_a_logout_leads_to_an_own_page(wanted: str) -> None:
    assert url_after_logout(wanted) == wanted


@pytest.mark.parametrize(
    "wanted",
    ["", "https://evil.example/", "//evil.example/", "javascript:alert(1)", "/" + "a" * 2000],
)
def test_a_logout_leads_nowhere_else(wanted: str, settings: Any) -> None:
    assert url_after_logout(wanted) == ""
    settings.LOGOUT_REDIRECT_URL = "jitprov:discovery"
    assert url_after_logout(wanted) == "/saml/login/"
