"""A real browser without a window, the two widths in which pages are tested, and the complaints of its console."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.e2e.peers import CHROMIUM

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Response, ViewportSize

PHONE: ViewportSize = {"width": 390, "height": 844}
DESKTOP: ViewportSize = {"width": 1280, "height": 800}
PATIENCE = 15_000
"""Milliseconds until an element must appear, long enough for a busy machine."""

_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NOT_LOADED = "Failed to load resource"


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the browser. While it runs, this thread has an event loop, and Django's ORM refuses to work in it."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- may not be installed

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_FLAGS)
        yield browser
        browser.close()


@dataclass  # no slots: playwright sets attributes on listeners
class Complaints:
    """Errors of scripts, violations of the policy and missing files, which only the console shows."""

    heard: list[str] = field(default_factory=list)

    def listen(self, context: BrowserContext) -> None:
        """Collect the complaints of every page of a browser from now on."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.heard.append(str(error.error)))
        context.on("response", self._response)

    def _console(self, message: ConsoleMessage) -> None:
        # The console also reports refused pages as errors; files are checked below.
        if message.type in {"error", "warning"} and not message.text.startswith(_NOT_LOADED):
            self.heard.append(f"{message.location['url']}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type != "document":
            self.heard.append(f"{response.url}: {response.status}")
