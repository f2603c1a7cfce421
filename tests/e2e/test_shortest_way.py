"""The shortest way from nothing to an enabled sign-in, counted in each admin, at both widths, and by keyboard."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from example_site.directory.people import INITECH_DIRECTORY
from tests.e2e.axe import Axe
from tests.e2e.chromium import DESKTOP, PHONE, Complaints, chromium
from tests.e2e.demo_site import demo_site
from tests.e2e.journey import ItAdmin, Ours, register_application
from tests.e2e.peers import require_axe, require_chromium
from tests.e2e.visitors import Visitor, Visitors

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page, Response, ViewportSize

pytestmark = pytest.mark.e2e

MOST_CLICKS, MOST_FIELDS, MOST_LOADS = 10, 2, 6
MOST_CONTROLS, MOST_WORDS = 15, 250
MOST_TABS = 25
THEMES = ["", "unfold", "jazzmin"]
_IS_SEEN = """control => {
  const box = control.getBoundingClientRect();
  return box.width > 0 && box.top >= 0 && box.left >= 0
    && box.bottom <= window.innerHeight && box.right <= window.innerWidth;
}"""
_WORDS_AND_CONTROLS = """page => {
  const isSeen = control => control.checkVisibility() && control.tabIndex >= 0 && control.type !== "hidden";
  const controls = [...page.querySelectorAll("a, button, input, select, textarea, summary")].filter(isSeen);
  return [page.innerText.split(/\\s+/).filter(Boolean).length, controls.length];
}"""


@dataclass(slots=True)
class Counter:
    """Somebody at a page, whose clicks, fields and page loads are counted. They never scroll."""

    visitor: Visitor
    clicks: int = 0
    fields: int = 0
    loads: int = 0
    below_the_fold: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("response", lambda response: self._loaded(response))  # noqa: PLW0108 -- it marks what it is given

    @property
    def page(self) -> Page:
        return self.visitor.page

    def _loaded(self, response: Response) -> None:
        is_page = response.request.resource_type == "document" and response.status < 300
        self.loads += is_page and response.url.startswith(self.visitor.site.product)

    def press(self, control: Locator, *, leaves: bool = True) -> None:
        self._look(control)
        self.clicks += 1
        if leaves:
            self.visitor.follow(control)
        else:
            control.click()

    def fill(self, control: Locator, text: str) -> None:
        self._look(control)
        self.fields += 1
        control.fill(text)

    def _look(self, control: Locator) -> None:
        control.wait_for()
        if not control.evaluate(_IS_SEEN):
            self.below_the_fold.append(control.inner_text() or str(control))

    def counts(self) -> tuple[int, int, int]:
        return self.clicks, self.fields, self.loads

    def begin(self) -> None:
        self.clicks = self.fields = self.loads = 0


@contextmanager
def visitors_of_a_demo(folder: Path, theme: str = "") -> Iterator[Visitors]:
    require_chromium()
    with demo_site(folder, theme) as site, chromium() as browser:
        yield Visitors(site=site, browser=browser, complaints=Complaints(), bypass_csp=True)


def go_the_way(visitors: Visitors, counter: Counter) -> tuple[int, int]:
    """Go from the kinds of directories to an enabled sign-in; return the words and controls of the draft."""
    page = counter.page
    counter.press(page.get_by_role("button", name="Microsoft Entra ID"))
    draft = page.locator(".jitprov-setup").evaluate(_WORDS_AND_CONTROLS)
    # Everything that was sent has been answered.
    assert not page.locator("[data-kept]").is_visible()
    counter.press(page.get_by_role("button", name="Copy: Entity ID"), leaves=False)
    counter.press(page.get_by_role("button", name="Copy: ACS URL"), leaves=False)
    ours = Ours(
        entity_id=page.locator("#our-entity_id").inner_text(),
        acs_url=page.locator("#our-acs_url").inner_text(),
    )
    url = register_application(visitors.new(), INITECH_DIRECTORY, ours)
    counter.press(page.get_by_role("link", name="Next: Their metadata"), leaves=False)
    counter.fill(page.locator("[name=metadata-url]"), url)
    counter.press(page.get_by_role("button", name="Save metadata"))
    counter.press(page.get_by_role("button", name="Test sign-in"))
    counter.visitor.answer_as("peter")
    counter.press(page.get_by_role("button", name="Enable the sign-in"))
    assert "The sign-in is enabled." in page.locator("#enable [role=status]").inner_text()
    return draft[0], draft[1]


def judge(counter: Counter, draft: tuple[int, int], name: str) -> None:
    clicks, fields, loads = counter.counts()
    words, controls = draft
    sys.stdout.write(
        f"{name}: {clicks} clicks, {fields} fields, {loads} loads; draft: {words} words, {controls} controls\n"
    )
    assert counter.below_the_fold == []
    assert clicks <= MOST_CLICKS
    assert fields <= MOST_FIELDS
    assert loads <= MOST_LOADS
    assert words <= MOST_WORDS
    assert controls <= MOST_CONTROLS


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desktop", "phone"])
@pytest.mark.parametrize("theme", THEMES)
def test_an_administrator_needs_few_clicks_in_each_admin(
    tmp_path: Path, theme: str, width: ViewportSize
) -> None:
    if theme:
        pytest.importorskip(theme)
    with visitors_of_a_demo(tmp_path, theme) as visitors:
        visitor = visitors.new()
        visitor.page.set_viewport_size(width)
        visitor.log_into_admin("carla")
        counter = Counter(visitor)
        counter.begin()
        counter.press(visitor.page.get_by_role("link", name="Connect an identity provider"))
        draft = go_the_way(visitors, counter)

    judge(counter, draft, f"{theme or 'django'}, {width['width']} pixels")


@pytest.mark.parametrize("width", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_holder_of_a_setup_link_needs_few_clicks(tmp_path: Path, width: ViewportSize) -> None:
    with visitors_of_a_demo(tmp_path) as visitors:
        url = visitors.site.run(_LINK).strip()
        visitor = visitors.new()
        visitor.page.set_viewport_size(width)
        visitor.page.goto(url)
        counter = Counter(visitor)
        counter.begin()
        counter.press(visitor.page.get_by_role("button", name="Continue"))
        draft = go_the_way(visitors, counter)
        page = visitor.page.locator("body").inner_text()

    assert "You are done." in page
    judge(counter, draft, f"setup link, {width['width']} pixels")


# A tenant that has no identity provider yet.
_LINK = """
from example_site.organisations.models import Organisation
from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import Via

initech = Organisation.objects.get(slug="initech")
print(setup_links.make_for_tenant(initech, actor=Actor(via=Via.CODE, name="Corner Desk"))[1])
"""


@pytest.mark.parametrize("theme", THEMES[1:])
def test_no_page_breaks_a_rule_of_accessibility_in_a_themed_admin(
    tmp_path: Path, theme: str
) -> None:
    pytest.importorskip(theme)
    require_axe()
    axe = Axe(part=".jitprov")
    with visitors_of_a_demo(tmp_path, theme) as visitors:
        carla = ItAdmin(visitor=visitors.new())
        carla.visitor.log_into_admin("carla")
        axe.see(carla.page, "nothing-yet", "")
        carla.begin()
        axe.see(carla.page, "add", "")
        ours = carla.make_draft()
        axe.see(carla.page, "draft", "")
        url = register_application(visitors.new(), INITECH_DIRECTORY, ours)
        carla.go_on_to_metadata()
        carla.give_metadata(url)
        for name in ("metadata", "entry", "claims"):
            carla.open_section(name)
            axe.see(carla.page, name, "")
        carla.open_section("test")
        carla.test("peter")
        axe.see(carla.page, "report", "")

    assert len(axe.seen) > 6
    assert axe.found == {}


def test_the_test_is_reached_by_few_presses_of_the_tab_key(tmp_path: Path) -> None:
    with visitors_of_a_demo(tmp_path) as visitors:
        carla = ItAdmin(visitor=visitors.new())
        carla.visitor.log_into_admin("carla")
        carla.begin()
        url = register_application(visitors.new(), INITECH_DIRECTORY, carla.make_draft())
        carla.go_on_to_metadata()
        carla.give_metadata(url)
        after_saving = _presses(carla.page)
        carla.page.goto(carla.page.url.partition("#")[0])
        from_the_top = _presses(carla.page)

    sys.stdout.write(f"presses of Tab: {from_the_top} from the top, {after_saving} after saving\n")
    assert from_the_top <= MOST_TABS
    assert after_saving < from_the_top


def _presses(page: Any) -> int:
    for presses in range(1, 200):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.getAttribute('form')") == "jitprov-test":
            return presses
    raise AssertionError("the test is not reached by the keyboard")
