"""The story of Carla, who connects Initech, in a real browser. Observers look at each of its pages."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from example_site.directory.people import INITECH_DIRECTORY, INITECH_PEOPLE, Entry
from tests.e2e.journey import ItAdmin, register_application
from tests.e2e.visitors import Visitors

if TYPE_CHECKING:
    from playwright.sync_api import Page

_SPLIT_DEPARTMENT = {"split": {"separator": "/"}, "last": {}, "title": {}}
_TOM = """
from example_site.demo.seed import ensure_tenant_admin
from example_site.directory.directories import ACME
ensure_tenant_admin("tom", ACME)
"""


class Eyes(Protocol):
    """An observer of pages."""

    def see(self, page: Page, name: str, part: str) -> None:
        """Look at a page of the story.

        :param part: a selector of the part of the page that is shown.
        """


@dataclass(slots=True)
class Story:
    """The text and the URL of each page, by the name of the page."""

    eyes: Sequence[Eyes] = ()
    texts: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[str]] = field(default_factory=dict)
    """The rows of its tables, each on one line."""
    addresses: dict[str, str] = field(default_factory=dict)

    def show(self, page: Page, name: str, part: str = "body") -> None:
        """Keep a page, and let every observer look at it."""
        self.texts[name] = page.locator("body").inner_text()
        rows = page.locator("tr").all_inner_texts()
        self.rows[name] = [" ".join(row.split()) for row in rows]
        self.addresses[name] = page.url
        for eye in self.eyes:
            eye.see(page, name, part)


def connect(visitors: Visitors, story: Story, *, detours: bool = True) -> ItAdmin:
    """Connect a directory, from a draft to an enabled sign-in.

    :param detours: whether to run into every error on the way.
    """
    carla = ItAdmin(visitor=visitors.new())
    carla.visitor.log_into_admin("carla")
    story.show(carla.page, "nothing-yet")
    carla.begin()
    story.show(carla.page, "add")
    _give_and_paste(visitors, carla, story)
    _map(carla, story)
    if detours:
        _fail(carla, story)
    carla.test("peter")
    story.show(carla.page, "report-passed")
    carla.enable()
    story.show(carla.page, "enabled")
    if detours:
        _read_again(carla, story)
    return carla


def _read_again(carla: ItAdmin, story: Story) -> None:
    carla.open_section("metadata")
    carla.give_metadata(carla.page.locator("#metadata [name=metadata-url]").input_value())
    story.show(carla.page, "understood", "#metadata")


def _give_and_paste(visitors: Visitors, carla: ItAdmin, story: Story) -> None:
    ours = carla.make_draft("initech")
    story.show(carla.page, "draft")
    if carla.visitor.scripts:
        story.texts["copied"] = carla.copy("ACS URL")
    directory = visitors.new()
    metadata_url = register_application(directory, INITECH_DIRECTORY, ours)
    story.show(directory.page, "directory")
    carla.go_on_to_metadata()
    story.show(carla.page, "metadata", "#metadata")
    carla.give_metadata(metadata_url)
    story.show(carla.page, "metadata-saved", "#metadata")


def _map(carla: ItAdmin, story: Story) -> None:
    carla.require_claim("email")
    carla.add_claim("department", "department", _SPLIT_DEPARTMENT)
    story.show(carla.page, "mapping", "[data-table=claim_mappings] > [data-row]:last-of-type")
    carla.preview(json.dumps(_claims_of(INITECH_PEOPLE[0])))
    story.show(carla.page, "preview", "#preview")
    carla.save()
    story.show(carla.page, "mapping-saved")


def _fail(carla: ItAdmin, story: Story) -> None:
    carla.test("peter", "other-certificate")
    story.show(carla.page, "report-other-certificate")
    carla.test("peter", "no-email")
    story.show(carla.page, "report-no-email")
    carla.test("samir")
    story.show(carla.page, "report-switched-off")


def _claims_of(entry: Entry) -> object:
    return entry.person.claims(
        tenant_id=INITECH_DIRECTORY, issuer=f"https://sts.windows.net/{INITECH_DIRECTORY}/"
    )


def come_in(visitors: Visitors, carla: ItAdmin, story: Story) -> None:
    """Let a new person sign in, and show where each of their fields comes from."""
    peter = visitors.new()
    peter.sign_in("initech", "peter")
    story.show(peter.page, "signed-in")
    carla.open_person(INITECH_PEOPLE[0].person.email)
    story.show(carla.page, "why-person")


def be_refused(visitors: Visitors, carla: ItAdmin, story: Story) -> None:
    """Let a person be refused, and show the page of the reference that they quote."""
    milton = visitors.new()
    milton.sign_in("initech", "milton")
    story.show(milton.page, "refusal")
    carla.look_up(milton.page.locator(".jitprov-facts dd").first.inner_text())
    story.show(carla.page, "why-refused")


def look_around(carla: ItAdmin, story: Story) -> None:
    """Open the pages to which an IT admin returns later."""
    carla.visitor.site.run(_WEEKS)
    product = carla.visitor.site.product
    for name, path in _LATER.items():
        carla.page.goto(f"{product}{path}")
        story.show(carla.page, name)


def let_go(visitors: Visitors, carla: ItAdmin, story: Story) -> None:
    """Take a person's access away while they work, and show what both of them see."""
    peter = visitors.new()
    peter.sign_in("initech", "peter")
    email = INITECH_PEOPLE[0].person.email
    carla.find_people("peter")
    carla.choose_for_all("end_access")
    story.show(carla.page, "leaving-preview")
    carla.page.get_by_label("Reason").fill("Left the company")
    carla.visitor.follow(carla.page.get_by_role("button", name="Take access away"))
    story.show(carla.page, "leaving-done")
    carla.open_person(email)
    story.show(carla.page, "why-left")
    peter.page.reload()
    story.show(peter.page, "signed-out")
    peter.sign_in("initech", "peter")
    story.show(peter.page, "refused-after-leaving")
    carla.look_up_leaving()
    story.show(carla.page, "why-ended")


# The rows of a tenant after some weeks.
_WEEKS = """
from datetime import timedelta
from django.utils import timezone
from jitprov.models import IdentityProvider, Outcome, ProvisioningEvent

row = IdentityProvider.objects.get(slug="initech")
for day in range(1, 30):
    for number in range(2 + day * 5 % 7):
        outcome = Outcome.CREATED if number == 0 and day % 3 == 0 else Outcome.UNCHANGED
        if number == 1 and day % 8 == 0:
            outcome = Outcome.REFUSED
        event = ProvisioningEvent.objects.create(
            identity_provider=row, tenant=row.tenant, outcome=outcome,
            reason="account_disabled" if outcome == Outcome.REFUSED else "",
        )
        at = timezone.now() - timedelta(days=day)
        ProvisioningEvent.objects.filter(pk=event.pk).update(created_at=at)
"""
_LATER = {
    "overview": "/admin/",
    "identity-providers": "/admin/jitprov/identityprovider/",
    "events": "/admin/jitprov/provisioningevent/",
    "people": "/admin/jitprov/externalidentity/",
    "changes": "/admin/jitprov/configurationchange/",
}


def invite(visitors: Visitors, story: Story) -> None:
    """Let a person without an account open a setup link."""
    url = visitors.site.run(_INVITATION).strip()
    outsider = visitors.new()
    outsider.page.goto(url)
    story.show(outsider.page, "setup-link-door")
    outsider.follow(outsider.page.locator("main [type=submit]").first)
    story.show(outsider.page, "setup-link")


_INVITATION = """
from example_site.organisations.models import Organisation
from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import Via

hooli = Organisation.objects.create(slug="hooli", name="Hooli")
print(setup_links.make_for_tenant(hooli, actor=Actor(via=Via.CODE, name="Corner Desk"))[1])
"""


def pry(visitors: Visitors, story: Story) -> dict[str, str]:
    """Request every URL as another tenant's admin; return the text of each response, which may be empty."""
    visitors.site.run(_TOM)
    tom = visitors.new()
    tom.log_into_admin("tom")
    admin = f"{visitors.site.product}/admin/"
    found = {}
    for url in {url.partition("#")[0] for url in story.addresses.values()}:
        if url.startswith(admin):
            answer = tom.page.request.get(url)
            found[url] = answer.text() if answer.ok else ""
    for words in _SEARCHES:
        for model in ("identityprovider", "provisioningevent", "externalidentity"):
            url = f"{admin}jitprov/{model}/?q={words}"
            tom.page.goto(url)
            found[url] = tom.page.locator("body").inner_text()
    return found


_SEARCHES = ("initech", "peter", "peter.porter@initech.example", "required_claim_missing")
