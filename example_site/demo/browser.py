"""A browser for one walk through the demo: addresses, redirects, forms and cookies by site, without scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from http.client import HTTPConnection, HTTPMessage
from urllib.parse import urlencode, urljoin, urlsplit

from example_site.demo.cookies import Cookies, Journey
from example_site.demo.page import Form, Page
from example_site.demo.server import LOOPBACK

MAX_REDIRECTS = 10
TIMEOUT = 30
"""Seconds until a response must arrive."""
FORM = "application/x-www-form-urlencoded"


class Browser:
    """One window.

    :param report: a function that is called with the method, URL and status of every request.
    """

    def __init__(self, report: Callable[[str, str, int], None]) -> None:
        self._report = report
        self._cookies = Cookies()
        self.page = Page(url="", status=0, html="")

    def open(self, url: str) -> Page:
        """Request a typed URL."""
        return self._go(Journey(url=url, method="GET"))

    def follow(self, url: str) -> Page:
        """Follow a link of the page."""
        target = urljoin(self.page.url, url)
        return self._go(Journey(url=target, method="GET", begun_at=self.page.url))

    def submit(self, form: Form, pressed: Mapping[str, str] | None = None) -> Page:
        """Send a form of the page, with the chosen values."""
        fields = urlencode({**form.fields, **(pressed or {})})
        journey = Journey(url=form.action, method=form.method, begun_at=self.page.url)
        if form.method == "GET":
            return self._go(replace(journey, url=f"{form.action.partition('?')[0]}?{fields}"))
        return self._go(journey, fields)

    def _go(self, journey: Journey, body: str = "") -> Page:
        for _ in range(MAX_REDIRECTS):
            status, headers, html = self._send(journey, body)
            self._cookies.keep(journey.url, headers)
            self._report(journey.method, journey.url, status)
            target = headers.get("Location", "")
            if status not in {301, 302, 303} or not target:
                self.page = Page(url=journey.url, status=status, html=html)
                return self.page
            journey = replace(journey, url=urljoin(journey.url, target), method="GET")
            body = ""
        raise RuntimeError(f"more than {MAX_REDIRECTS} redirects, the last to {journey.url}")

    def _send(self, journey: Journey, body: str) -> tuple[int, HTTPMessage, str]:
        parts = urlsplit(journey.url)
        # Every host name of the demo is this machine. No look-up is needed, and none could say otherwise.
        connection = HTTPConnection(LOOPBACK, parts.port or 80, timeout=TIMEOUT)
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            connection.request(journey.method, path, body or None, self._headers(journey, body))
            response = connection.getresponse()
            return response.status, response.headers, response.read().decode()
        finally:
            connection.close()

    def _headers(self, journey: Journey, body: str) -> dict[str, str]:
        headers = {"Host": urlsplit(journey.url).netloc, "Accept": "text/html"}
        if cookies := self._cookies.header_for(journey):
            headers["Cookie"] = cookies
        if body:
            headers["Content-Type"] = FORM
        if journey.method == "POST" and journey.begun_at:
            headers["Origin"] = "{0.scheme}://{0.netloc}".format(urlsplit(journey.begun_at))
        return headers
