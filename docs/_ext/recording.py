"""Run one sign-in, and record its calls and its SQL statements in their order."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import CodeType, FrameType
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from jitprov.accounts import engine
from jitprov.journal import events
from jitprov.models import Tenant
from jitprov.provisioner import Provisioner
from jitprov.provisioning import decide, mapping
from jitprov.saml import envelope, request, response, toolkit
from jitprov.sign_in import round_trip, views
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import connect

BROWSER, IDP, DATABASE = "Browser", "Identity provider", "Database"
WATCHED: tuple[tuple[str, Callable[..., Any]], ...] = (
    ("views", views.LoginView.get),
    ("views", views.AssertionConsumerServiceView.post),
    ("sign_in", round_trip.begin_login),
    ("sign_in", round_trip.complete_login),
    ("saml", request.authn_request),
    ("saml", response.verify_response),
    ("saml", envelope.open_response),
    ("saml", toolkit.judge),
    ("accounts", engine.provision),
    ("provisioning", mapping.map_claims),
    ("provisioning", decide.decide),
    ("host", Provisioner.create_user),
    ("journal", events.record_success),
    ("views", views.AssertionConsumerServiceView.login_succeeded),
)
"""The functions whose calls are recorded, each with the lane of the picture that it belongs to."""
LANES = (
    BROWSER,
    IDP,
    "views",
    "sign_in",
    "saml",
    "accounts",
    "provisioning",
    "host",
    "journal",
    DATABASE,
)


@dataclass(frozen=True, slots=True)
class Message:
    """A call or a statement: an arrow of the picture."""

    sender: str
    recipient: str
    text: str


@dataclass(slots=True)
class Recording:
    """The calls and statements that were recorded so far."""

    messages: list[Message] = field(default_factory=list)
    _calls: list[tuple[CodeType, str]] = field(default_factory=list)

    def tell(self, sender: str, recipient: str, text: str) -> None:
        self.messages.append(Message(sender, recipient, text))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Record the calls and statements of the block."""
        known = {function.__code__: (lane, function) for lane, function in WATCHED}

        def heard(frame: FrameType, event: str, _argument: object) -> None:
            if event == "call" and frame.f_code in known:
                lane, function = known[frame.f_code]
                self.tell(self._speaker, lane, spoken(function))
                self._calls.append((frame.f_code, lane))
            elif event == "return" and self._calls and self._calls[-1][0] is frame.f_code:
                self._calls.pop()

        with connection.execute_wrapper(self._statement):
            sys.setprofile(heard)
            try:
                yield
            finally:
                sys.setprofile(None)

    @property
    def _speaker(self) -> str:
        return self._calls[-1][1] if self._calls else BROWSER

    def _statement(self, execute: Any, sql: str, *arguments: Any) -> Any:
        found = re.match(r'(SELECT|INSERT|UPDATE|DELETE)\b.*?\b(?:FROM|INTO|UPDATE)? ?"(\w+)"', sql)
        if found and self._calls:  # else Django's own, around the view
            self.tell(self._speaker, DATABASE, f"{found[1]} {_table(found[1], sql)}")
        return execute(sql, *arguments)


def _table(verb: str, sql: str) -> str:
    keyword = {"SELECT": "FROM", "DELETE": "FROM", "INSERT": "INTO", "UPDATE": "UPDATE"}[verb]
    # The last FROM at the outermost level is the statement's own; those of subqueries are in brackets.
    depth = 0
    for part in re.finditer(rf'\(|\)|\b{keyword} "(\w+)"', sql):
        depth += {"(": 1, ")": -1}.get(part[0], 0)
        if part[1] and depth == 0:
            return part[1]
    raise ValueError("a statement of no table")


def spoken(function: Callable[..., Any]) -> str:
    """Return a function's name for the picture, with its class or its module."""
    name = function.__qualname__
    return f"{name}()" if "." in name else f"{function.__module__.rpartition('.')[2]}.{name}()"


def record() -> list[Message]:
    """Sign in a new person, and return the recorded messages.

    :raises LookupError: a function that is watched was never called.
    """
    call_command("migrate", verbosity=0)
    fake = FakeIdentityProvider()
    row = connect(fake, Tenant.objects.create(slug="acme", name="Acme"))
    client, recording = Client(), Recording()
    login = reverse("jitprov:login", args=[row.slug])
    with recording.listening():
        leaving = client.get(login, {"next": "/reports/"})
    asked = fake.read_request(leaving["Location"])
    recording.tell("views", BROWSER, f"{leaving.status_code}, with a cookie of the request")
    recording.tell(BROWSER, IDP, "AuthnRequest")
    recording.tell(IDP, BROWSER, "form with a signed SAMLResponse")
    posted = fake.answer(asked)
    with recording.listening():
        arrived = client.post(reverse("jitprov:acs", args=[row.slug]), posted.form)
    recording.tell("views", BROWSER, f"{arrived.status_code} to {arrived['Location']}, signed in")
    heard = {message.text for message in recording.messages}
    if silent := [function for _, function in WATCHED if spoken(function) not in heard]:
        raise LookupError(f"never called: {silent}")
    return recording.messages
