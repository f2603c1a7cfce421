"""A browser as far as a sign-in needs one: cookies that know their site, redirects, forms. No JavaScript.

HTTP libraries send every cookie with every request. A browser does not, and single sign-on breaks where they
differ: the response of the identity provider is a POST from another site.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import Message
from html.parser import HTMLParser
from http.client import HTTPConnection
from http.cookies import Morsel, SimpleCookie
from urllib.parse import urlencode, urljoin, urlsplit

MAX_REDIRECTS = 10
TIMEOUT = 30
"""Seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """A form as it stands in a page."""

    action: str
    """Absolute."""
    method: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What is on the screen after all redirects."""

    url: str
    status: int
    headers: Message
    body: bytes
    visited: tuple[str, ...]
    """Every URL on the way here, this one last."""

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def form(self) -> Form:
        """The first form of the page."""
        parser = _FormParser()
        parser.feed(self.text)
        if parser.action is None:
            raise AssertionError(f"no form at {self.url} ({self.status}):\n{self.text[:2000]}")
        return Form(
            action=urljoin(self.url, parser.action),
            method=parser.method,
            fields=parser.fields,
        )


class _FormParser(HTMLParser):
    """Reads the first form of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action: str | None = None
        self.method = "GET"
        self.fields: dict[str, str] = {}
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form" and self.action is None:
            self._open = True
            self.action, self.method = given.get("action", ""), given.get("method", "get").upper()
        if tag == "input" and self._open and given.get("name"):
            self.fields[given["name"]] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    method: str
    url: str
    body: str = ""
    from_another_site: bool = False


@dataclass(slots=True)
class Browser:
    """One person's browser."""

    _cookies: dict[tuple[str, str], Morsel[str]] = field(default_factory=dict)

    def get(self, url: str) -> Page:
        """Type an address."""
        return self._navigate(_Request(method="GET", url=url))

    def submit(self, page: Page, **typed: str) -> Page:
        """Fill the page's form in and send it."""
        form = page.form
        body = urlencode({**form.fields, **typed})
        return self._navigate(
            _Request(
                method=form.method,
                url=form.action,
                body=body,
                from_another_site=_site(page.url) != _site(form.action),
            )
        )

    def cookie_names(self, url: str) -> set[str]:
        """Return the names of the cookies that a site has set."""
        return {name for site, name in self._cookies if site == _site(url)}

    def forget(self, name: str) -> None:
        """Remove a cookie, wherever it came from."""
        self._cookies = {key: value for key, value in self._cookies.items() if key[1] != name}

    def _navigate(self, request: _Request) -> Page:
        visited: list[str] = []
        while len(visited) < MAX_REDIRECTS:
            visited.append(request.url)
            status, headers, body = self._exchange(request)
            if status not in {301, 302, 303} or "Location" not in headers:
                return Page(
                    url=request.url,
                    status=status,
                    headers=headers,
                    body=body,
                    visited=tuple(visited),
                )
            request = _Request(method="GET", url=urljoin(request.url, headers["Location"]))
        raise AssertionError(f"redirected in circles: {visited}")

    def _exchange(self, request: _Request) -> tuple[int, Message, bytes]:
        parts = urlsplit(request.url)
        connection = HTTPConnection(parts.hostname or "", parts.port, timeout=TIMEOUT)
        target = parts._replace(scheme="", netloc="", fragment="").geturl() or "/"
        try:
            connection.request(request.method, target, request.body, self._headers(request))
            answer = connection.getresponse()
            body = answer.read()
        finally:
            connection.close()
        for header in answer.headers.get_all("Set-Cookie", []):
            self._take(request.url, header)
        return answer.status, answer.headers, body

    def _headers(self, request: _Request) -> dict[str, str]:
        headers = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
        if request.method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        cookies = [
            f"{name}={morsel.coded_value}"
            for (site, name), morsel in self._cookies.items()
            if site == _site(request.url) and _travels(morsel, request)
        ]
        return {**headers, "Cookie": "; ".join(cookies)} if cookies else headers

    def _take(self, url: str, header: str) -> None:
        for name, morsel in SimpleCookie(header).items():
            if not _acceptable(name, morsel):
                continue
            if morsel["max-age"] == "0" or morsel["expires"].endswith("1970 00:00:00 GMT"):
                self._cookies.pop((_site(url), name), None)
            else:
                self._cookies[_site(url), name] = morsel


def _site(url: str) -> str:
    """Return what cookies belong to: the host, whatever the port."""
    return urlsplit(url).hostname or ""


def _travels(morsel: Morsel[str], request: _Request) -> bool:
    """Only ``SameSite=None`` goes with a POST from another site (draft-ietf-httpbis-rfc6265bis §5.2)."""
    if request.method == "GET" or not request.from_another_site:
        return True
    return bool(morsel["samesite"].lower() == "none")


def _acceptable(name: str, morsel: Morsel[str]) -> bool:
    """Refuse what browsers refuse: ``SameSite=None`` without Secure, ``__Host-`` with a domain or another path."""
    if morsel["samesite"].lower() == "none" and not morsel["secure"]:
        return False
    tied = bool(morsel["secure"]) and morsel["path"] == "/" and not morsel["domain"]
    return tied or not name.startswith("__Host-")
