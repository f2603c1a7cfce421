"""The demo's browser for tests: cookies by site, redirects and forms.

HTTP libraries send every cookie with every request. A browser does not, and single sign-on depends on the difference:
the identity provider's response is a POST from another site.
"""

from __future__ import annotations

from example_site.demo import browser
from example_site.demo.cookies import Journey
from example_site.demo.page import Form, Page


class Browser(browser.Browser):
    """The browser of one person, with the pages that it has visited."""

    def __init__(self) -> None:
        self.visited: list[str] = []
        """Every URL, redirects too."""
        super().__init__(lambda _method, url, _status: self.visited.append(url))

    def send(self, page: Page, **typed: str) -> Page:
        """Fill in the first form of a page, and send it."""
        return self.submit(form_of(page), typed)

    def cookies_for(self, url: str) -> str:
        """Return the cookies that would be sent to a typed URL."""
        return self._cookies.header_for(Journey(url=url, method="GET"))


def form_of(page: Page) -> Form:
    """Return the first form of a page."""
    if not page.forms:
        raise AssertionError(f"no form at {page.url} ({page.status}):\n{page.html[:2000]}")
    return page.forms[0]
