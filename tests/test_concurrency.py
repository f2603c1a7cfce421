"""Many people at the same moment, each with a database connection of their own: SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import replace
from http import HTTPStatus
from threading import Barrier
from typing import TypeVar

import pytest
from django.contrib.sessions.models import Session
from django.db import connections
from django.http import HttpResponse
from django.test import Client

from jitprov.models import (
    ClaimMapping,
    ConsumedAssertion,
    ExternalIdentity,
    Outcome,
    ProvisioningEvent,
)
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.accounts.models import User
from tests.factories import connected

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 20
T = TypeVar("T")


def all_at_once(tasks: Sequence[Callable[[], T]]) -> list[T]:
    """Run every task in a thread and with a connection of its own, released in the same moment."""
    start = Barrier(len(tasks), timeout=30)

    def run(task: Callable[[], T]) -> T:
        try:
            start.wait()
            return task()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(tasks)) as threads:
        return list(threads.map(run, tasks))


def statuses(responses: Sequence[HttpResponse]) -> Counter[int]:
    return Counter(response.status_code for response in responses)


def outcomes() -> Counter[tuple[str, str]]:
    return Counter(ProvisioningEvent.objects.values_list("outcome", "reason"))


def arriving(browser: SignIn, *begin: object, **knobs: object) -> Callable[[], HttpResponse]:
    """Let somebody identify themselves, and return what is left to do: post the response."""
    response = browser.begin(*begin, **knobs)  # type: ignore[arg-type]
    return lambda: browser.deliver(response)


def test_first_sign_ins_of_one_person_make_one_user() -> None:
    """Also where a field must be unique: the person must not be in their own way."""
    fake = FakeIdentityProvider()
    row = connected(fake)
    ClaimMapping.objects.create(
        identity_provider=row, position=9, target="employee_number", sources="employeeid"
    )
    ann = replace(ANN, extra={"employeeid": "42"})
    browsers = [SignIn(Client()) for _ in range(AT_ONCE)]

    responses = all_at_once([arriving(browser, row, fake, ann) for browser in browsers])

    assert statuses(responses) == {HTTPStatus.FOUND: AT_ONCE}
    assert User.objects.count() == 1
    assert ExternalIdentity.objects.count() == 1
    assert Session.objects.count() == AT_ONCE
    assert outcomes() == {(Outcome.CREATED, ""): 1, (Outcome.UNCHANGED, ""): AT_ONCE - 1}


def test_posts_of_one_response_sign_in_once() -> None:
    fake = FakeIdentityProvider()
    row = connected(fake)
    original = SignIn(Client())
    response = original.begin(row, fake, ANN)
    copies = [SignIn(Client()) for _ in range(AT_ONCE)]
    for copy in copies:
        copy.client.cookies = deepcopy(original.client.cookies)

    responses = all_at_once([lambda copy=copy: copy.deliver(response) for copy in copies])  # type: ignore[misc]

    assert statuses(responses) == {HTTPStatus.FOUND: 1, HTTPStatus.FORBIDDEN: AT_ONCE - 1}
    assert User.objects.count() == 1
    assert ConsumedAssertion.objects.count() == 1
    assert Session.objects.count() == 1
    assert outcomes() == {
        (Outcome.CREATED, ""): 1,
        (Outcome.REFUSED, "assertion_replayed"): AT_ONCE - 1,
    }


def test_people_of_two_tenants_who_wish_for_one_user_name_all_get_in() -> None:
    fakes = [FakeIdentityProvider(), FakeIdentityProvider(tenant_id="another-directory")]
    rows = [connected(fake) for fake in fakes]
    people = [replace(ANN, object_id=f"person-{number}") for number in range(AT_ONCE)]

    responses = all_at_once(
        [
            arriving(SignIn(Client()), rows[number % 2], fakes[number % 2], person)
            for number, person in enumerate(people)
        ]
    )

    assert statuses(responses) == {HTTPStatus.FOUND: AT_ONCE}
    assert User.objects.count() == AT_ONCE
    assert ExternalIdentity.objects.values("user").distinct().count() == AT_ONCE
    assert outcomes() == {(Outcome.CREATED, ""): AT_ONCE}
