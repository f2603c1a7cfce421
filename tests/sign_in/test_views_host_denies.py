"""Whatever of the host's can say no is heard: nobody comes in, and the event tells what came of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth import SESSION_KEY, get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.core.exceptions import PermissionDenied
from django.dispatch import Signal
from django.test import Client

from jitprov.backends import ProvisionedUserBackend
from jitprov.models import ExternalIdentity, IdentityProvider
from jitprov.signals import account_provisioned, login_refused
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.factories import UserFactory
from tests.support.latest import event

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db(transaction=True)

User: Any = get_user_model()


class LetsNobodyIn(ProvisionedUserBackend):
    def user_can_authenticate(self, user: Any) -> bool:
        return False


class Forbids(ModelBackend):
    def authenticate(self, request: Any, **credentials: Any) -> Any:  # type: ignore[override]
        raise PermissionDenied


BACKENDS = {
    "its own of ours": ["LetsNobodyIn"],
    "another before ours": ["Forbids", "jitprov.backends.ProvisionedUserBackend"],
}


@pytest.fixture(params=list(BACKENDS.values()), ids=list(BACKENDS))
def closed(request: pytest.FixtureRequest, settings: Settings) -> list[str]:
    here = __name__
    return [name if "." in name else f"{here}.{name}" for name in request.param]


@contextmanager
def heard(signal: Signal, receiver: Any) -> Iterator[None]:
    signal.connect(receiver)
    try:
        yield
    finally:
        signal.disconnect(receiver)


def test_a_backend_that_lets_nobody_in_leaves_nothing_of_a_new_person(
    closed: list[str],
    settings: Settings,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    client: Client,
) -> None:
    settings.AUTHENTICATION_BACKENDS = closed
    told: list[str] = []
    tell = lambda **kwargs: told.append("provisioned")  # noqa: E731
    tell_refused = lambda **kwargs: told.append("refused")  # noqa: E731
    tell_failed = lambda **kwargs: told.append("failed")  # noqa: E731
    with (
        heard(account_provisioned, tell),
        heard(login_refused, tell_refused),
        heard(user_login_failed, tell_failed),
    ):
        answer = SignIn(client)(idp, fake_identity_provider)

    assert answer.status_code == 403
    assert (event().outcome, event().reason) == ("refused", "host_denied")
    assert event().reference in answer.content.decode()
    assert told == ["failed", "refused"]
    assert not User.objects.exists()
    assert not ExternalIdentity.objects.exists()
    assert SESSION_KEY not in client.session


def test_a_backend_that_lets_nobody_in_leaves_a_known_person_as_they_were(
    closed: list[str],
    settings: Settings,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    client: Client,
) -> None:
    SignIn(client)(idp, fake_identity_provider)
    client.logout()
    User.objects.update(first_name="Before")
    settings.AUTHENTICATION_BACKENDS = closed

    answer = SignIn(client)(idp, fake_identity_provider)

    assert answer.status_code == 403
    user = User.objects.get()
    assert user.first_name == "Before"
    assert (event().outcome, event().reason, event().user_id) == ("refused", "host_denied", user.pk)
    assert SESSION_KEY not in client.session


def test_a_receiver_that_forbids_it_leaves_nobody_signed_in(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider, client: Client
) -> None:
    def forbid(**kwargs: Any) -> None:
        raise PermissionDenied

    with heard(user_logged_in, forbid):
        answer = SignIn(client)(idp, fake_identity_provider)

    assert answer.status_code == 403
    assert (event().outcome, event().reason) == ("refused", "host_denied")
    assert event().reference in answer.content.decode()
    assert event().user_id == User.objects.get().pk
    assert SESSION_KEY not in client.session


def test_a_receiver_that_fails_leaves_nobody_signed_in(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider, client: Client
) -> None:
    def fail(**kwargs: Any) -> None:
        raise RuntimeError("a mistake")

    client.raise_request_exception = False
    with heard(user_logged_in, fail):
        answer = SignIn(client)(idp, fake_identity_provider)

    assert answer.status_code == 500
    assert (event().outcome, event().reason) == ("error", "internal_error")
    assert SESSION_KEY not in client.session


def test_a_person_who_was_signed_in_before_is_not_afterwards_where_a_receiver_forbids_it(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider, client: Client
) -> None:
    def forbid(user: Any, **kwargs: Any) -> None:
        if user.email == ANN.email:
            raise PermissionDenied

    client.force_login(UserFactory.create())
    with heard(user_logged_in, forbid):
        answer = SignIn(client)(idp, fake_identity_provider)

    assert answer.status_code == 403
    assert SESSION_KEY not in client.session
