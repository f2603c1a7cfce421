"""Browsers that return from their identity provider at the same moment, in threads or in processes.

What each browser posts is prepared beforehand, so that only the posts are concurrent. Each thread and each process has
its own database connection.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from functools import partial
from http.cookies import SimpleCookie
from threading import Barrier
from typing import Any, TypeAlias, TypeVar

from django.db import connection, connections
from django.test import Client

from jitprov.testing import FakeResponse
from jitprov.testing.round_trip import SignIn

DEADLINE = 60
"""Seconds until all must be ready, long enough for a busy machine."""

T = TypeVar("T")
Wait: TypeAlias = Callable[[], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """A browser with its cookies and the response that it will post. It can be sent to another process."""

    cookies: SimpleCookie
    response: FakeResponse

    @classmethod
    def of(cls, browser: SignIn, response: FakeResponse) -> Arrival:
        return cls(cookies=deepcopy(browser.client.cookies), response=response)

    def deliver(self) -> int:
        """Post the response, and return the status of the answer."""
        client = Client(raise_request_exception=False)
        client.cookies = deepcopy(self.cookies)
        return SignIn(client).deliver(self.response).status_code


def all_at_once(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run every task in its own thread with its own connection, all at the same moment."""
    start = Barrier(len(tasks), timeout=DEADLINE)
    with ThreadPoolExecutor(len(tasks)) as threads:
        return list(threads.map(partial(_run, start.wait), tasks))


def in_threads(arrivals: Sequence[Arrival]) -> list[int]:
    return all_at_once([arrival.deliver for arrival in arrivals])


def in_processes(arrivals: Sequence[Arrival]) -> list[int]:
    # Not forked from this process, where connections are open and threads may run, but from a process that has loaded
    # Django once, because loading it twenty times would take longer than everything else.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.loaded_django", __name__])
    start = context.Barrier(len(arrivals), timeout=DEADLINE)
    database = deepcopy(connection.settings_dict)
    with ProcessPoolExecutor(
        len(arrivals), mp_context=context, initializer=_begin, initargs=(start.wait, database)
    ) as processes:
        return list(processes.map(_deliver_here, arrivals))


HERE: dict[str, Wait] = {}
"""The arguments that a process received when it began."""


def _begin(wait: Wait, database: Mapping[str, Any]) -> None:
    """Use the database of the tests, which differs from the one in the settings."""
    connection.settings_dict.update(database)
    HERE["wait"] = wait


def _deliver_here(arrival: Arrival) -> int:
    return _run(HERE["wait"], arrival.deliver)


def _run(wait: Wait, task: Callable[[], T]) -> T:
    try:
        wait()
        return task()
    finally:
        connections.close_all()
