"""One walk through the demo over real HTTP: people sign in, return and are refused as expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse

from example_site.demo.browser import Browser
from example_site.demo.page import Form, Page
from example_site.directory.directories import ACME, GLOBEX, Directory
from jitprov.models import Outcome, ProvisioningEvent

Print = Callable[[str], object]


class NotAsExpected(Exception):
    """The demo did not behave as documented."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """One sign-in and its expected result."""

    title: str
    directory: Directory
    person: str
    scenario: str = "as-it-is"
    outcome: Outcome
    reason: str = ""
    changed: Sequence[str] = ()
    """User fields that the event must name, among others."""
    values: Mapping[str, str] = field(default_factory=dict)
    """Expected values of user fields after the sign-in."""


VISITS = (
    Visit(
        title="Ann of Acme, for the first time",
        directory=ACME,
        person="ann",
        outcome=Outcome.CREATED,
        changed=("username", "department", "job_title"),
        values={
            "username": "ann.archer@acme.example",
            "department": "Sales",
            "job_title": "Account manager",
        },
    ),
    Visit(
        title="Ann again, after a promotion",
        directory=ACME,
        person="ann",
        scenario="promoted",
        outcome=Outcome.UPDATED,
        changed=("job_title",),
        values={"job_title": "Senior account manager", "department": "Sales"},
    ),
    Visit(
        title="Ben of Acme, administrator by a group of his directory",
        directory=ACME,
        person="ben",
        outcome=Outcome.CREATED,
        changed=("groups",),
        values={"department": "Facilities"},
    ),
    Visit(
        title="Hanna of Globex, for the first time, with requests by POST",
        directory=GLOBEX,
        person="hanna",
        outcome=Outcome.CREATED,
        changed=("last_name",),
        values={"username": "hanna.hale@globex.example", "last_name": "Hale"},
    ),
    Visit(
        title="Hanna again, after a wedding",
        directory=GLOBEX,
        person="hanna",
        scenario="married",
        outcome=Outcome.UPDATED,
        changed=("last_name",),
        values={"last_name": "Hale-Miller", "username": "hanna.hale@globex.example"},
    ),
    Visit(
        title="Dora of Acme, whose account was switched off",
        directory=ACME,
        person="dora",
        outcome=Outcome.REFUSED,
        reason="account_disabled",
    ),
    Visit(
        title="Ann again, with an e-mail address that somebody wrote in on the way",
        directory=ACME,
        person="ann",
        scenario="tampered",
        outcome=Outcome.REFUSED,
        reason="signature_invalid",
    ),
)


class Walk:
    """Makes the visits, each person with a browser of their own."""

    def __init__(self, say: Print) -> None:
        self._say = say
        self._browsers: dict[tuple[str, str], Browser] = {}

    def run(self, visits: Sequence[Visit] = VISITS) -> None:
        """Make every visit.

        :raises NotAsExpected: at the first visit with another result.
        """
        for number, visit in enumerate(visits, start=1):
            self._say(f"\n{number}. {visit.title}")
            browser = self._browser_of(visit)
            page = sign_in(browser, visit)
            event = ProvisioningEvent.objects.latest("pk")
            self._tell(visit, event)
            require_outcome(visit, event)
            require_page(visit, page, event)
            if visit.outcome != Outcome.REFUSED:
                sign_out(browser)

    def _browser_of(self, visit: Visit) -> Browser:
        key = visit.directory.slug, visit.person
        return self._browsers.setdefault(key, Browser(self._report))

    def _report(self, method: str, url: str, status: int) -> None:
        parts = urlsplit(url)
        query = "?…" if parts.query else ""
        self._say(f"   {method:4} {parts.scheme}://{parts.netloc}{parts.path}{query}  {status}")

    def _tell(self, visit: Visit, event: ProvisioningEvent) -> None:
        details = event.reason or ", ".join(event.changed_fields) or "nothing"
        self._say(f"   => {event.outcome}: {details} (reference {event.reference})")


def sign_in(browser: Browser, visit: Visit) -> Page:
    """Sign a person in: from the product to the directory, choose there, and return with its response."""
    browser.open(f"{settings.JITPROV_BASE_URL}{reverse('home')}")
    page = browser.follow(reverse("jitprov:login", args=[visit.directory.slug]))
    if urlsplit(page.url).netloc != urlsplit(settings.DIRECTORY_URL).netloc:
        page = browser.submit(_only_form(page))  # a request by POST, which a script would submit
    form = _only_form(page)
    page = browser.submit(form, {"person": visit.person, "scenario": visit.scenario})
    return browser.submit(_only_form(page))


def sign_out(browser: Browser) -> None:
    """Sign out with the button."""
    form = browser.page.form_to(reverse("sign-out"))
    if form is None:
        raise NotAsExpected(f"there is no way to sign out at {browser.page.url}")
    page = browser.submit(form)
    if page.form_to(reverse("sign-out")):
        raise NotAsExpected("still signed in after signing out")


def require_outcome(visit: Visit, event: ProvisioningEvent) -> None:
    """Compare the recorded event with the expected result of a visit."""
    _require("outcome", event.outcome, visit.outcome)
    _require("reason", event.reason, visit.reason)
    if missing := set(visit.changed) - set(event.changed_fields):
        raise NotAsExpected(f"not among the changed fields: {', '.join(sorted(missing))}")
    found = {name: getattr(event.user, name, None) for name in visit.values}
    _require("user", found, dict(visit.values))


def require_page(visit: Visit, page: Page, event: ProvisioningEvent) -> None:
    """Compare the shown page with the expected result of a visit."""
    refused = visit.outcome == Outcome.REFUSED
    _require("status", page.status, 403 if refused else 200)
    expected = [event.reference, *visit.values.values(), *([visit.reason] if refused else [])]
    if missing := [text for text in expected if text not in page.text]:
        raise NotAsExpected(f"not on the page {page.url}: {', '.join(missing)}")


def _only_form(page: Page) -> Form:
    if len(page.forms) != 1:
        raise NotAsExpected(f"no form to send at {page.url} (status {page.status})")
    return page.forms[0]


def _require(what: str, found: object, expected: object) -> None:
    if found != expected:
        raise NotAsExpected(f"{what}: expected {expected!r}, found {found!r}")
