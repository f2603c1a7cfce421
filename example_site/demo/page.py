"""The text and the forms of an HTML page, as far as the demo needs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin


@dataclass(slots=True, kw_only=True)
class Form:
    """A form with its initial values."""

    action: str
    """An absolute URL."""
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)
    """The name and value of each button that has them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page with its text and forms."""

    url: str
    status: int
    html: str

    @property
    def forms(self) -> list[Form]:
        """Return all forms, in order."""
        return self._read().forms

    @property
    def text(self) -> str:
        """Return all words, with single spaces."""
        return " ".join(" ".join(self._read().words).split())

    def form_to(self, part: str) -> Form | None:
        """Return the first form whose action contains ``part``."""
        return next((form for form in self.forms if part in form.action), None)

    def _read(self) -> _Reader:
        reader = _Reader(self.url)
        reader.feed(self.html)
        return reader


class _Reader(HTMLParser):
    """Collects forms and words."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url = url
        self.forms: list[Form] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self.url, given.get("action", ""))
            self.forms.append(Form(action=action, method=given.get("method", "get").upper()))
        elif self.forms and given.get("name"):
            self._control(tag, given["name"], given.get("value", ""))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def _control(self, tag: str, name: str, value: str) -> None:
        if tag == "input":
            self.forms[-1].fields[name] = value
        elif tag == "button":
            self.forms[-1].buttons.append((name, value))
