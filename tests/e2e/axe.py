"""axe-core, on the page as it is and in the ways in which people look at it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.e2e.chromium import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

GRAVE = {"serious", "critical"}
# Around this, a page of the admin is Django's, and so are the filters and the search of a list.
_OURS_IN_THE_ADMIN = "#content"
_CONTEXT = {"include": [[_OURS_IN_THE_ADMIN]], "exclude": [["#changelist-filter"], ["#toolbar"]]}
_OPTIONS = {"resultTypes": ["violations"], "preload": False}
# Colours on their way to other ones are judged wrongly.
_AT_ONCE = "*, *::before, *::after { transition: none !important; animation: none !important }"
_LOOKS: tuple[tuple[ViewportSize, Literal["light", "dark"]], ...] = (
    (DESKTOP, "light"),
    (DESKTOP, "dark"),
    (PHONE, "dark"),
    (PHONE, "light"),
)


@dataclass(slots=True)
class Axe:
    """Looks for what keeps people with a disability out of a page.

    It brings styles of its own, so the browser must bypass the pages' policy.
    """

    found: dict[str, str] = field(default_factory=dict)
    """What is wrong, each once, with the page on which it was met first."""

    def see(self, page: Page, name: str, part: str) -> None:
        """Look at a page in both widths, by day and by night."""
        page.add_style_tag(content=_AT_ONCE)
        for viewport, scheme in _LOOKS:
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme)
            where = f"{name}, {viewport['width']} pixels, {scheme}"
            for violation in self._violations(page):
                self.found.setdefault(violation, where)
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")

    def _violations(self, page: Page) -> Iterator[str]:
        from axe_playwright_python.sync_playwright import Axe as Core  # noqa: PLC0415 -- may not be installed

        ours = page.locator(_OURS_IN_THE_ADMIN).count()
        result: dict[str, Any] = Core().run(page, _CONTEXT if ours else None, _OPTIONS).response
        for violation in result["violations"]:
            if violation["impact"] in GRAVE:
                for node in violation["nodes"]:
                    yield f"{violation['id']}: {node['html']} ({node['failureSummary']})"
