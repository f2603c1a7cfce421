"""The demo's browser, for tests: cookies that know their site, redirects, forms.

HTTP libraries send every cookie with every request. A browser does not, and single sign-on breaks where they
differ: the response of the identity provider is a POST from another site.
"""

from __future__ import annotations

from example_site.demo import browser
from example_site.demo.cookies import Journey
from example_site.demo.page import Form, Page


class Browser(browser.Browser):
    """One person's browser, and where it has been."""

    def __init__(self) -> None:
        self.visited: list[str] = []
        """Every URL, redirects too."""
        super().__init__(lambda _method, url, _status: self.visited.append(url))

    def send(self, page: Page, **typed: str) -> Page:
        """Fill in the first form of a page, and send it."""
        return self.submit(form_of(page), typed)

    def cookies_for(self, url: str) -> str:
        """Return what would go along to an address that is typed."""
        return self._cookies.header_for(Journey(url=url, method="GET"))


def form_of(page: Page) -> Form:
    """Return the first form of a page."""
    if not page.forms:
        raise AssertionError(f"no form at {page.url} ({page.status}):\n{page.html[:2000]}")
    return page.forms[0]
