"""Check pages with axe-core, in each width and colour scheme."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from tests.e2e.chromium import DESKTOP, PHONE

if TYPE_CHECKING:
    from playwright.sync_api import Page, ViewportSize

GRAVE = {"serious", "critical"}
# Around this, a page of the admin is Django's own, as are the filters and the search of a list.
_OURS_IN_THE_ADMIN = "#content"
_CONTEXT = {"include": [[_OURS_IN_THE_ADMIN]], "exclude": [["#changelist-filter"], ["#toolbar"]]}
_EVERYTHING = {"resultTypes": ["violations"], "preload": False}
_COLOURS = {**_EVERYTHING, "runOnly": ["color-contrast", "link-in-text-block"]}
# Colours in a transition are judged wrongly.
_AT_ONCE = "*, *::before, *::after { transition: none !important; animation: none !important }"
_LOOKS: tuple[tuple[ViewportSize, Literal["light", "dark"], Any], ...] = (
    (DESKTOP, "light", _EVERYTHING),
    (DESKTOP, "dark", _COLOURS),
    (PHONE, "dark", _EVERYTHING),
    (PHONE, "light", _COLOURS),
)
# Looked at for their text only: they have the same layout as the page before or after.
_AGAIN = {"metadata-saved", "mapping-saved"}


@dataclass(slots=True)
class Axe:
    """Looks for violations of accessibility rules on a page.

    It injects styles of its own, so the browser must bypass the pages' policy.
    """

    part: str = ""
    """A selector of what is looked at, where the page around it is not ours."""
    found: dict[str, str] = field(default_factory=dict)
    """Each violation once, with the first page on which it was found."""
    seen: list[str] = field(default_factory=list)

    def see(self, page: Page, name: str, part: str) -> None:
        """Check a page in both widths, in light and in dark colours."""
        if name in _AGAIN:
            return
        self.seen.append(name)
        page.add_style_tag(content=_AT_ONCE)
        page.evaluate(_axe_core())
        for viewport, scheme, options in _LOOKS:
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme)
            for violation in _violations(page, self.part, options):
                self.found.setdefault(
                    violation, f"{name}, {viewport['width']} pixels wide, {scheme}"
                )
        page.set_viewport_size(DESKTOP)
        page.emulate_media(color_scheme="light")


_RUN = "([context, options]) => axe.run(context, options).then(result => result.violations)"


def _axe_core() -> str:
    from axe_playwright_python.sync_playwright import Axe as Core  # noqa: PLC0415 -- may not be installed

    return str(Core().axe_script)


def _violations(page: Page, part: str, options: Any) -> Iterator[str]:
    ours = page.locator(_OURS_IN_THE_ADMIN).count()
    context: Any = _CONTEXT if ours else {"include": [["html"]]}
    if part:
        context = {"include": [[part]]}
    for violation in page.evaluate(_RUN, [context, options]):
        if violation["impact"] in GRAVE:
            for node in violation["nodes"]:
                yield f"{violation['id']}: {node['html']} ({node['failureSummary']})"
