"""A browser's cookies, by the rules on which single sign-on depends (RFC 6265bis, as Chromium applies them).

``http.cookiejar`` does not suffice: it drops every Secure cookie over plain http, even on this machine, and does not
know sites.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from email.message import Message
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlsplit


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A request: its target, its method, and the page on which it began."""

    url: str
    method: str
    begun_at: str = ""
    """The URL of the page with the link or form; empty for a typed URL."""

    @property
    def crosses_sites(self) -> bool:
        """Say whether the page belongs to another site. A site is a host name here, without port and public suffix."""
        return bool(self.begun_at) and _host(self.begun_at) != _host(self.url)


class Cookies:
    """The cookies that a browser keeps, by host and name."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, str], Morsel[str]] = {}

    def keep(self, url: str, headers: Message) -> None:
        """Keep the cookies of a response that a browser would keep."""
        for line in headers.get_all("Set-Cookie", []):
            for name, cookie in SimpleCookie(line).items():
                self._keep_one(url, name, cookie)

    def header_for(self, journey: Journey) -> str:
        """Return the Cookie header of a request; empty if no cookie is sent."""
        sent = [
            f"{name}={cookie.coded_value}"
            for (host, name), cookie in self._kept.items()
            if host == _host(journey.url) and _may_go(cookie, journey)
        ]
        return "; ".join(sent)

    def _keep_one(self, url: str, name: str, cookie: Morsel[str]) -> None:
        if not _acceptable(url, name, cookie):
            return
        if cookie["max-age"] == "0":
            self._kept.pop((_host(url), name), None)
        else:
            self._kept[_host(url), name] = cookie


def _acceptable(url: str, name: str, cookie: Morsel[str]) -> bool:
    secure = bool(cookie["secure"])
    if secure and not _is_trustworthy(url):
        return False
    if name.startswith("__Host-") and not (
        secure and cookie["path"] == "/" and not cookie["domain"]
    ):
        return False
    return secure or _same_site(cookie) != "none"


def _may_go(cookie: Morsel[str], journey: Journey) -> bool:
    path = urlsplit(journey.url).path
    if (cookie["secure"] and not _is_trustworthy(journey.url)) or not path.startswith(
        cookie["path"] or "/"
    ):
        return False
    if not journey.crosses_sites:
        return True
    # All requests here change the address bar, so that a Lax cookie is sent with a GET.
    return _same_site(cookie) == "none" or (_same_site(cookie) == "lax" and journey.method == "GET")


def _same_site(cookie: Morsel[str]) -> str:
    return str(cookie["samesite"]).lower() or "lax"


def _is_trustworthy(url: str) -> bool:
    """Say whether Secure cookies are kept: over https, and on this machine."""
    return urlsplit(url).scheme == "https" or _host(url) == "localhost" or _is_loopback(_host(url))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host(url: str) -> str:
    return urlsplit(url).hostname or ""
