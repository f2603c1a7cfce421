"""People who use the demo, each in a browser of their own, with scripts or without."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.chromium import DESKTOP, PATIENCE, Complaints
from tests.e2e.demo_site import DemoSite

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Locator, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """The window of one person."""

    site: DemoSite
    page: Page
    scripts: bool

    def follow(self, control: Locator) -> None:
        """Click a control that leads to another page, and wait for the page."""
        with self.page.expect_navigation():
            control.click()

    def log_into_admin(self, username: str) -> None:
        self.page.goto(f"{self.site.product}/admin/")
        self.log_in(username)

    def log_in(self, username: str) -> None:
        """Fill in the admin's log-in page, which is shown."""
        self.page.fill("[name=username]", username)
        self.page.fill("[name=password]", self.site.password(username))
        self.follow(self.page.get_by_role("button", name="Log in"))

    def sign_in(self, slug: str, person: str, scenario: str = "as-it-is") -> None:
        """Sign in to the product as a person of a directory."""
        self.page.goto(f"{self.site.product}/saml/{slug}/login/")
        self.answer_as(person, scenario)

    def answer_as(self, person: str, scenario: str = "as-it-is") -> None:
        """Choose a person and a scenario at the directory, and return to the product."""
        self.page.select_option("#scenario", scenario)
        self.page.click(f"button.person[value={person}]")
        if not self.scripts:
            self.page.click("button.go")
        self.page.wait_for_url(f"{self.site.product}/**")


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitors:
    """Opens a browser for each person, and collects all complaints."""

    site: DemoSite
    browser: Browser
    complaints: Complaints
    scripts: bool = True
    bypass_csp: bool = False

    def new(self) -> Visitor:
        """Return a person with a browser that has no cookies."""
        context = self.browser.new_context(
            viewport=DESKTOP, java_script_enabled=self.scripts, bypass_csp=self.bypass_csp
        )
        context.set_default_timeout(PATIENCE)
        self.complaints.listen(context)
        return Visitor(site=self.site, page=context.new_page(), scripts=self.scripts)
