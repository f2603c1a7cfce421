"""Define what each host does, and the messages between it and the measuring process: one JSON object a line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypedDict

from django.http import HttpResponse
from django.test import Client


class ConnectedDirectory(TypedDict):
    """An identity provider that a host is to trust."""

    slug: str
    entity_id: str
    sso_url: str
    certificate: str


class Delivery(TypedDict):
    """The form that one browser brings, and what is to come of it."""

    slug: str
    body: str
    """URL-encoded form fields."""
    external_id: str | None
    """Who must then be signed in; ``None`` if the answer must be a refusal."""


class Cost(TypedDict):
    """The cost of each of some requests."""

    cpu: list[float]
    """Seconds of this process."""
    elapsed: list[float]
    """Seconds by the clock on the wall."""


class Left(Cost):
    """The cost of leaving for the identity provider."""

    urls: list[str]
    """The URLs that the browsers are sent to."""


class Measured(Cost):
    """The cost of some sign-ins or refusals, each checked to have happened."""

    statements: list[str]
    """The first word of each SQL statement of the last delivery, if they were to be counted."""


class Host(Protocol):
    """A web application with single sign-on."""

    def connect(self, directories: Sequence[ConnectedDirectory]) -> None:
        """Write the rows that make the host trust these identity providers."""

    def leave(self, browser: Client, slug: str) -> str:
        """Begin a sign-in, and return the URL that the browser is sent to; empty where nobody is to be asked."""

    def deliver(self, browser: Client, delivery: Delivery) -> HttpResponse:
        """Do all that the browser does from the identity provider's form to being signed in. This is measured."""

    def user_id(self, slug: str, external_id: str) -> object:
        """Return the primary key of the user that this person is, or ``None``."""
