"""A person with a setup link and a browser."""

from __future__ import annotations

import re
from typing import Any

import lxml.html
from django.test import Client
from django.urls import reverse

from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import (
    IdentityProvider,
    SetupLink,
    Via,
)
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn

CODE = Actor(via=Via.CODE, name="the tests")
SETUP = "/saml/setup/"
OPEN = "/saml/setup/open/"
FORM = "jitprov-configuration"


def made(row: IdentityProvider, **options: Any) -> tuple[SetupLink, str]:
    """Return a link and its token."""
    link, url = setup_links.make(row, actor=CODE, recipient="Ann of Acme", **options)
    return link, url.rpartition("=")[2]


class Holder:
    """A person with a setup link and a browser."""

    def __init__(self, row: IdentityProvider, client: Client | None = None) -> None:
        self.row, self.client = row, client or Client()
        self.link, self.token = made(row)

    def open(self) -> Any:
        return self.client.post(OPEN, {"token": self.token})

    def page(self) -> Any:
        return self.client.get(SETUP)

    def text(self) -> str:
        return str(self.page().content.decode())

    def save(self, **changes: Any) -> Any:
        """Post the page as it is shown, with some fields changed."""
        return self.client.post(SETUP, {**as_shown(self.text()), "_save": "1", **changes})

    def give_metadata(self, fake: FakeIdentityProvider) -> Any:
        url = reverse("jitprov:setup-metadata")
        read = self.client.post(url, {"metadata-xml": fake.metadata_xml(), "_read": "1"})
        if self.row.is_draft:
            return read
        sealed = re.search(r'name="sealed" value="([^"]+)"', read.content.decode())
        assert sealed, read.content.decode()
        return self.client.post(url, {"sealed": sealed[1], "_save_metadata": "1"})

    def test(self, fake: FakeIdentityProvider, **knobs: Any) -> Any:
        """Run a test sign-in; return the answer of the assertion consumer service."""
        leaving = self.client.post(reverse("jitprov:setup-test"))
        start = path_of(leaving.context["url"])
        sent = self.client.get(start)["Location"]
        return SignIn(self.client).deliver(
            fake.answer(fake.read_request(sent), person=ANN, **knobs)
        )

    def switch(self, button: str) -> Any:
        return self.client.post(reverse("jitprov:setup-switch"), {button: "1"})


def path_of(url: str) -> str:
    return "/" + url.split("/", 3)[3]


def as_shown(html: str) -> dict[str, Any]:
    """Return the data that a browser would post of the page's large form."""
    page: Any = lxml.html.fromstring(html)
    [form] = [form for form in page.forms if form.get("id") == FORM]
    return {name: value for name, value in form.form_values() if value is not None}
