"""Many people who sign in at the same moment, in threads and in processes, on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from http import HTTPStatus
from typing import Any, TypeAlias

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from jitprov.models import (
    ClaimMapping,
    ConsumedAssertion,
    ExternalIdentity,
    IdentityProvider,
    Outcome,
    ProvisioningEvent,
    Road,
    SignInSession,
)
from jitprov.provisioner import deprovision, reprovision
from jitprov.testing import ANN, FakeIdentityProvider, Person
from jitprov.testing.round_trip import SignIn
from tests.support.accounts.models import User
from tests.support.arrivals import Arrival, all_at_once, in_processes, in_threads
from tests.support.database_options import database_with
from tests.support.factories import ExternalIdentityFactory, connected

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 20
Deliver: TypeAlias = Callable[[Sequence[Arrival]], list[int]]

CAME_IN = HTTPStatus.FOUND
ASKED_TO_TRY_AGAIN = HTTPStatus.SERVICE_UNAVAILABLE
# The answer of Django's session middleware if the session, which it saves after the view, cannot be written.
SESSION_INTERRUPTED = HTTPStatus.BAD_REQUEST


@pytest.fixture(params=[in_threads, in_processes], ids=["in threads", "in processes"])
def deliver(request: pytest.FixtureRequest) -> Deliver:
    """Post many responses at the same moment; return the statuses of the answers."""
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake)


def arriving(row: IdentityProvider, fake: FakeIdentityProvider, person: Person = ANN) -> Arrival:
    """Return a browser in which a person has signed in at the identity provider."""
    browser = SignIn(Client())
    return Arrival.of(browser, browser.begin(row, fake, person))


def outcomes() -> Counter[tuple[str, str]]:
    return Counter(ProvisioningEvent.objects.values_list("outcome", "reason"))


def test_concurrent_first_sign_ins_of_one_person_make_one_user(
    deliver: Deliver, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    """A unique user field must not conflict with the person's own row."""
    ClaimMapping.objects.create(
        identity_provider=row, position=9, target="employee_number", sources="employeeid"
    )
    ann = replace(ANN, extra={"employeeid": "42"})

    statuses = deliver([arriving(row, fake, ann) for _ in range(AT_ONCE)])

    assert Counter(statuses) == {CAME_IN: AT_ONCE}
    assert User.objects.count() == 1
    assert ExternalIdentity.objects.count() == 1
    assert Session.objects.count() == AT_ONCE
    assert outcomes() == {(Outcome.CREATED, ""): 1, (Outcome.UNCHANGED, ""): AT_ONCE - 1}


def test_concurrent_posts_of_one_response_sign_in_once(
    deliver: Deliver, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    statuses = deliver([arriving(row, fake)] * AT_ONCE)

    # One is let in. The others, of browsers that wait for a response all the same, are sent off with a new request.
    assert Counter(statuses) == {HTTPStatus.FOUND: AT_ONCE}
    assert User.objects.count() == 1
    assert ConsumedAssertion.objects.count() == 1
    assert Session.objects.count() == 1
    assert outcomes() == {
        (Outcome.CREATED, ""): 1,
        (Outcome.REFUSED, "assertion_replayed"): AT_ONCE - 1,
    }


def test_concurrent_people_of_two_tenants_with_one_user_name_all_sign_in(
    deliver: Deliver, row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    other = FakeIdentityProvider(tenant_id="another-directory")
    directories = [(row, fake), (connected(other), other)]
    people = [replace(ANN, object_id=f"person-{number}") for number in range(AT_ONCE)]

    statuses = deliver(
        [arriving(*directories[number % 2], person) for number, person in enumerate(people)]
    )

    assert Counter(statuses) == {CAME_IN: AT_ONCE}
    assert User.objects.count() == AT_ONCE
    assert ExternalIdentity.objects.values("user").distinct().count() == AT_ONCE
    assert outcomes() == {(Outcome.CREATED, ""): AT_ONCE}


def test_nobody_who_is_switched_off_while_signing_in_keeps_a_session(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    """Whoever is second sees the first: the sign-in is refused, or its session has ended."""
    assert arriving(row, fake).deliver() == CAME_IN
    for _ in range(AT_ONCE):
        arrival = arriving(row, fake)

        def switch_off() -> int:
            deprovision(ExternalIdentity.objects.get(), "twenty times", Road.SCIM)
            return 0

        all_at_once([arrival.deliver, switch_off])
        identity = ExternalIdentity.objects.select_related("user").get()
        assert (identity.active, identity.user.is_active) == (False, False)
        reprovision(identity, source=Road.SCIM)  # ended stays ended

        identity.refresh_from_db()
        assert identity.active
        sessions = SignInSession.objects.filter(identity_endings=identity.session_endings)
        assert not sessions.exists()


def test_concurrent_ends_and_returns_of_one_person_leave_identity_and_account_alike(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    assert arriving(row, fake).deliver() == CAME_IN
    identity = ExternalIdentity.objects.get()

    def end() -> int:
        deprovision(identity, source=Road.ADMIN)
        return 0

    def give_back() -> int:
        reprovision(identity, source=Road.ADMIN)
        return 0

    for _ in range(5):
        all_at_once([end, give_back] * 3)
        now = ExternalIdentity.objects.select_related("user").get()
        assert now.active == now.user.is_active
        assert now.ended_account is not now.active
    ended, returned = (
        ProvisioningEvent.objects.filter(outcome=outcome).count()
        for outcome in (Outcome.ENDED, Outcome.RETURNED)
    )
    assert ended - returned == (not now.active)


def test_concurrent_ends_of_two_identities_of_one_person_switch_the_account_off(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    """Whoever is second sees that no other identity is active any more."""
    assert arriving(row, fake).deliver() == CAME_IN
    first = ExternalIdentity.objects.get()
    second = ExternalIdentityFactory.create(user=first.user)

    def ending(identity: ExternalIdentity) -> Callable[[], int]:
        def end() -> int:
            deprovision(identity, source=Road.ADMIN)
            return 0

        return end

    for _ in range(5):
        all_at_once([ending(first), ending(second)])
        assert not User.objects.get(pk=first.user_id).is_active
        reprovision(first)
        reprovision(second)
        assert User.objects.get(pk=first.user_id).is_active


# Databases with other options


def other_settings() -> list[dict[str, Any]]:
    """Return options that a host may have set: isolation levels, or when a transaction takes the lock."""
    if connection.vendor == "sqlite":
        return [{"transaction_mode": None, "timeout": 1}, {"transaction_mode": "EXCLUSIVE"}]
    if connection.vendor == "postgresql":
        # an IsolationLevel of psycopg
        return [{"isolation_level": 3}, {"isolation_level": 4}]
    return [{"isolation_level": "repeatable read"}, {"isolation_level": "serializable"}]


@pytest.mark.parametrize("options", other_settings(), ids=str)
def test_every_isolation_level_gives_one_user_and_no_error(
    options: dict[str, Any], row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    with database_with(options):
        statuses = in_threads([arriving(row, fake) for _ in range(AT_ONCE)])
        afterwards = arriving(row, fake).deliver()

    assert set(statuses) <= {CAME_IN, ASKED_TO_TRY_AGAIN, SESSION_INTERRUPTED}
    assert afterwards == CAME_IN
    assert User.objects.count() == 1
    assert ExternalIdentity.objects.count() == 1
