"""One host in a process of its own: reads orders from standard input, one JSON object a line, and answers likewise."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, TextIO, cast

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench.hosts.interface import ConnectedDirectory, Delivery, Host, Measured
from tests.bench.hosts.memory import peak

COUNTED = ("SELECT", "INSERT", "UPDATE", "DELETE")


class NotSignedIn(Exception):
    """A sign-in that was measured did not happen, so the measurement is worth nothing."""


class Desk:
    """Takes orders for one host. Its public methods are the orders."""

    def __init__(self, host: Host, new_browser: Callable[[], Client]) -> None:
        self._host = host
        self._new_browser = new_browser
        self._browsers: list[Client] = []

    def connect(self, directories: Sequence[ConnectedDirectory]) -> None:
        """Make the tables and the rows."""
        call_command("migrate", verbosity=0)
        self._host.connect(directories)

    def leave(self, slugs: Sequence[str]) -> dict[str, Any]:
        """Begin a sign-in in a new browser for each, and return where they are sent and what that cost."""
        self._browsers = [self._new_browser() for _ in slugs]
        urls, cpu = [], []
        for browser, slug in zip(self._browsers, slugs, strict=True):
            started = time.process_time()
            urls.append(self._host.leave(browser, slug))
            cpu.append(time.process_time() - started)
        return {"urls": urls, "cpu": cpu}

    def deliver(self, deliveries: Sequence[Delivery], new: int, count: bool) -> Measured:
        """Finish the sign-ins that were begun, in the same order.

        :param new: how many people have never been here.
        :param count: keep the last one's statements, which slows it down.
        """
        before = _users().count()
        measured = Measured(cpu=[], elapsed=[], statements=[])
        gc.collect()
        for browser, delivery in zip(self._browsers, deliveries, strict=True):
            if count:
                answer = self._counted(browser, delivery, measured)
            else:
                answer = self._timed(browser, delivery, measured)
            self._require_signed_in(browser, delivery, answer)
        if _users().count() - before != new:
            raise NotSignedIn("not as many new users as new people")
        return measured

    def memory(self) -> int:
        """Return the most bytes that this process has had in memory."""
        return peak()

    def _timed(self, browser: Client, delivery: Delivery, measured: Measured) -> HttpResponse:
        cpu, clock = time.process_time(), time.perf_counter()
        answer = self._host.deliver(browser, delivery)
        measured["cpu"].append(time.process_time() - cpu)
        measured["elapsed"].append(time.perf_counter() - clock)
        return answer

    def _counted(self, browser: Client, delivery: Delivery, measured: Measured) -> HttpResponse:
        with CaptureQueriesContext(connection) as queries:
            answer = self._host.deliver(browser, delivery)
        words = [query["sql"].split(maxsplit=1)[0] for query in queries]
        measured["statements"] = [word for word in words if word in COUNTED]
        return answer

    def _require_signed_in(self, browser: Client, delivery: Delivery, answer: HttpResponse) -> None:
        user_id = self._host.user_id(delivery)
        if user_id is None or browser.session.get("_auth_user_id") != str(user_id):
            raise NotSignedIn(f"{answer.status_code}: the session is not this person's")
        if answer.headers.get("Location") != settings.LOGIN_REDIRECT_URL:
            raise NotSignedIn(f"{answer.status_code}: not sent on")


def _users() -> Any:
    from django.contrib.auth.models import User  # noqa: PLC0415 -- needs the apps to be ready

    return User.objects


def open_desk() -> Desk:
    """Start the host that the environment names."""
    django.setup()
    package = os.environ["DJANGO_SETTINGS_MODULE"].rpartition(".")[0]
    host = cast(Host, import_module(f"{package}.host").host)
    return Desk(host, import_module("tests.bench.hosts.browsing").new_browser)


def serve(desk: Desk, orders: TextIO, answers: TextIO) -> None:
    """Answer orders until there are no more."""
    for line in orders:
        order: dict[str, Any] = json.loads(line)
        answer = getattr(desk, order.pop("do"))(**order)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(open_desk(), sys.stdin, sys.stdout)
