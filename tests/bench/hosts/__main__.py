"""Run one host: read orders from standard input, one JSON object a line, and write an answer to each."""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any, ParamSpec, TextIO, TypeVar, cast

import django
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests.bench.hosts.interface import (
    ConnectedDirectory,
    Cost,
    Delivery,
    Host,
    Left,
    Measured,
)
from tests.bench.hosts.memory import peak

P = ParamSpec("P")
R = TypeVar("R")
COUNTED = ("SELECT", "INSERT", "UPDATE", "DELETE")
REFUSALS = (400, 401, 403)


class WrongOutcome(Exception):
    """A delivery did not end as it must, so its measurement is worth nothing."""


class Desk:
    """The orders that one host takes: its public methods."""

    def __init__(self, host: Host, new_browser: Callable[[], Client]) -> None:
        self._host = host
        self._new_browser = new_browser
        self._browsers: list[Client] = []

    def connect(self, directories: Sequence[ConnectedDirectory]) -> None:
        """Create the tables and the rows."""
        call_command("migrate", verbosity=0)
        self._host.connect(directories)

    def leave(self, slugs: Sequence[str]) -> Left:
        """Begin a sign-in for each slug, in a new browser."""
        self._browsers = [self._new_browser() for _ in slugs]
        left = Left(cpu=[], elapsed=[], urls=[])
        for browser, slug in zip(self._browsers, slugs, strict=True):
            left["urls"].append(_timed(left, self._host.leave, browser, slug))
        return left

    def deliver(self, deliveries: Sequence[Delivery], new: int, count: bool) -> Measured:
        """Finish the sign-ins that were begun, in the same order, and check what came of each.

        :param new: how many people have never been here.
        :param count: keep the last one's statements, which slows it down.
        :raises WrongOutcome: somebody was not signed in, or not refused, as the delivery says.
        """
        before = _users().count()
        measured = Measured(cpu=[], elapsed=[], statements=[])
        gc.collect()
        for browser, delivery in zip(self._browsers, deliveries, strict=True):
            if count:
                answer = self._counted(browser, delivery, measured)
            else:
                answer = _timed(measured, self._host.deliver, browser, delivery)
            self._require_outcome(browser, delivery, answer)
        if _users().count() - before != new:
            raise WrongOutcome("not as many new users as new people")
        return measured

    def memory(self) -> int:
        """Return the most bytes that this process has had in memory."""
        return peak()

    def _counted(self, browser: Client, delivery: Delivery, measured: Measured) -> HttpResponse:
        with CaptureQueriesContext(connection) as queries:
            answer = self._host.deliver(browser, delivery)
        words = [query["sql"].split(maxsplit=1)[0] for query in queries]
        measured["statements"] = [word for word in words if word in COUNTED]
        return answer

    def _require_outcome(self, browser: Client, delivery: Delivery, answer: HttpResponse) -> None:
        signed_in = browser.session.get("_auth_user_id")
        if delivery["external_id"] is None:
            _require_refused(signed_in, answer)
        else:
            user_id = self._host.user_id(delivery["slug"], delivery["external_id"])
            _require_signed_in(signed_in, user_id, answer)


def _timed(cost: Cost, work: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return the result of some work, and add what it cost."""
    cpu, clock = time.process_time(), time.perf_counter()
    result = work(*args, **kwargs)
    cost["cpu"].append(time.process_time() - cpu)
    cost["elapsed"].append(time.perf_counter() - clock)
    return result


def _require_signed_in(signed_in: str | None, user_id: object, answer: HttpResponse) -> None:
    if user_id is None or signed_in != str(user_id):
        raise WrongOutcome(f"{answer.status_code}: the session is not this person's")
    if answer.headers.get("Location") != settings.LOGIN_REDIRECT_URL:
        raise WrongOutcome(f"{answer.status_code}: not sent on")


def _require_refused(signed_in: str | None, answer: HttpResponse) -> None:
    if signed_in is not None:
        raise WrongOutcome(f"{answer.status_code}: somebody was signed in")
    if answer.status_code not in REFUSALS:
        raise WrongOutcome(f"{answer.status_code}: not refused")


def _users() -> Any:
    from django.contrib.auth.models import User  # noqa: PLC0415 -- needs the apps to be ready

    return User.objects


def open_desk() -> Desk:
    """Start the host that the environment names, and return its desk."""
    django.setup()
    package = os.environ["DJANGO_SETTINGS_MODULE"].rpartition(".")[0]
    host = cast(Host, import_module(f"{package}.host").host)
    return Desk(host, import_module("tests.bench.hosts.browsing").new_browser)


def serve(desk: Desk, orders: TextIO, answers: TextIO) -> None:
    """Answer orders until the input ends."""
    for line in orders:
        order: dict[str, Any] = json.loads(line)
        answer = getattr(desk, order.pop("do"))(**order)
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


if __name__ == "__main__":
    serve(open_desk(), sys.stdin, sys.stdout)
