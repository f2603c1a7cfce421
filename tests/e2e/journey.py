"""The steps of a tenant's IT admin, from a draft to people who sign in, in the order of the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.e2e.visitors import Visitor

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page


@dataclass(frozen=True, slots=True, kw_only=True)
class Ours:
    """Our values, which the page shows for the identity provider."""

    entity_id: str
    acs_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItAdmin:
    """An administrator of one tenant."""

    visitor: Visitor

    @property
    def page(self) -> Page:
        return self.visitor.page

    # The page of an identity provider

    def begin(self) -> None:
        """Follow the link to a first identity provider on the admin's index."""
        self.visitor.follow(self.page.get_by_role("link", name="Connect an identity provider"))

    def make_draft(self, slug: str = "") -> Ours:
        """Say which kind of directory it is, and return the values for the directory.

        :param slug: an address of one's own, made from the tenant's name by default.
        """
        if slug:
            self.page.get_by_text("Choose the address yourself").click()
            self.page.fill("[name=slug]", slug)
        self.visitor.follow(self.page.get_by_role("button", name="Microsoft Entra ID"))
        return self.ours()

    def ours(self) -> Ours:
        """Return our values, which a draft shows."""
        return Ours(
            entity_id=self.page.locator("#our-entity_id").inner_text(),
            acs_url=self.page.locator("#our-acs_url").inner_text(),
        )

    def copy(self, name: str) -> str:
        """Press a copy button, and return the copied text."""
        self.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.page.get_by_role("button", name=f"Copy: {name}").click()
        self.page.get_by_text(f"{name}: copied").wait_for()
        return str(self.page.evaluate("navigator.clipboard.readText()"))

    def go_on_to_metadata(self) -> None:
        self._press(self.page.get_by_role("link", name="Next: Their metadata"))

    def give_metadata(self, url: str) -> None:
        """Paste the metadata URL. A draft keeps what is there at once; later it is shown before."""
        self.page.fill("#metadata [name=metadata-url]", url)
        self.visitor.follow(self.page.locator("#metadata [name=_read]"))

    def open_section(self, name: str) -> None:
        """Unfold a section of the page, if it is folded."""
        if self.page.locator(f"#{name} > details:not([open])").count():
            self.page.locator(f"#{name} > details > summary").click()

    def require_claim(self, field: str) -> None:
        """Make the claim of a field required."""
        self.open_section("claims")
        self._row_of(field).locator("summary").click()
        self._row_of(field).get_by_label("Refuse people without a value").check()

    def add_claim(self, claim: str, field: str, steps: Mapping[str, Mapping[str, str]]) -> None:
        """Add a mapping.

        :param steps: the parameters of each transform by its name.
        """
        self.open_section("claims")
        rows = self.page.locator("[data-table=claim_mappings] > [data-row]")
        number = rows.count()
        self._press(self.page.get_by_role("button", name="Add a row"))
        row = rows.nth(number)
        row.locator("[name$=-sources]").fill(claim)
        row.locator("[name$=-target]").select_option(field)
        for place, (name, parameters) in enumerate(steps.items()):
            self._add_step(row, place, name, parameters)

    def _add_step(self, row: Locator, place: int, name: str, parameters: Mapping[str, str]) -> None:
        self._press(row.get_by_role("button", name="Add a step"))
        step = row.locator("[data-step]").nth(place)
        step.locator("select[name$=-step]").select_option(name)
        if not self.visitor.scripts:
            self._press(row.get_by_role("button", name="Update the row"))
        for parameter, value in parameters.items():
            step.locator(f"[name$=-{parameter}]").fill(value)

    def _press(self, button: Locator) -> None:
        """Press a button that a script or else the server handles."""
        if self.visitor.scripts:
            button.click()
        else:
            self.visitor.follow(button)

    def preview(self, pasted: str) -> None:
        """Preview the rows, for pasted claims too."""
        self.page.get_by_text("Preview for a response or claims that you paste").click()
        self.page.fill("[name=preview-pasted]", pasted)
        self.visitor.follow(self.page.get_by_role("button", name="Preview"))

    def save(self) -> None:
        """Save what was typed in the mappings."""
        self.visitor.follow(self.page.locator("#claims").get_by_role("button", name="Save"))

    def test(self, person: str, scenario: str = "as-it-is") -> None:
        """Run a test sign-in as a person of the directory, which ends on its report."""
        self.visitor.follow(
            self.page.get_by_role("button", name=re.compile("^Test (sign-in|again)$"))
        )
        self.visitor.answer_as(person, scenario)

    def enable(self) -> None:
        self.visitor.follow(self.page.get_by_role("button", name="Enable the sign-in"))

    def _row_of(self, field: str) -> Locator:
        rows = self.page.locator("[data-table=claim_mappings] > [data-row]")
        return rows.filter(has=self.page.locator(f"option[value={field}]:checked"))

    # After people have signed in

    def look_up(self, reference: str) -> None:
        """Find the attempt by the reference that a person quotes."""
        self.page.goto(f"{self.visitor.site.product}/admin/jitprov/provisioningevent/")
        self.page.fill("#searchbar", reference)
        self.visitor.follow(self.page.get_by_role("button", name="Search"))
        self.visitor.follow(self.page.get_by_role("link", name=reference))

    def open_person(self, username: str) -> None:
        """Open the page that explains a person's account."""
        self.find_people(username)
        self.visitor.follow(self.page.get_by_role("link", name=username))

    def find_people(self, username: str) -> None:
        """Search the list of external identities."""
        self.page.goto(f"{self.visitor.site.product}/admin/jitprov/externalidentity/")
        self.page.fill("#searchbar", username)
        self.visitor.follow(self.page.get_by_role("button", name="Search"))

    def choose_for_all(self, action: str) -> None:
        """Select all rows of a list, and begin an action for them."""
        for box in self.page.locator("input.action-select").all():
            box.check()
        self.page.select_option("select[name=action]", action)
        self.visitor.follow(self.page.get_by_role("button", name="Go"))

    def look_up_leaving(self) -> None:
        """Open the newest event that says that access ended."""
        url = f"{self.visitor.site.product}/admin/jitprov/provisioningevent/?outcome__exact=ended"
        self.page.goto(url)
        self.visitor.follow(self.page.locator("#result_list tbody th a").first)


def register_application(visitor: Visitor, tenant_id: str, ours: Ours) -> str:
    """Enter our values at the directory, and return its metadata URL."""
    page = visitor.page
    page.goto(f"{visitor.site.directory}/{tenant_id}/application")
    page.get_by_label("Identifier (Entity ID)").fill(ours.entity_id)
    page.get_by_label("Reply URL").fill(ours.acs_url)
    visitor.follow(page.get_by_role("button", name="Save"))
    return page.get_by_label("App Federation Metadata Url").input_value()
