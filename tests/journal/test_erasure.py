"""When an account is deleted, nothing of the person stays in any column of any table by accident."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.test import Client

from jitprov.journal.observed_claims import _CLAIMS, email_digests
from jitprov.models import IdentityProvider, ProvisioningEvent
from jitprov.sealed import unseal
from jitprov.testing import ANN, FakeIdentityProvider, Person
from jitprov.testing.round_trip import SignIn
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

User = get_user_model()
BOB = Person(object_id="7b0e0f6a-0000-4000-8000-0000000000b0", upn="bob@acme.example")
ADDRESS = "203.0.113.77"


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake)


@pytest.fixture
def sign_in(row: IdentityProvider, fake: FakeIdentityProvider) -> Callable[..., Any]:
    browser = Client(REMOTE_ADDR=ADDRESS, headers={"x-forwarded-for": ADDRESS})
    return lambda person=ANN, **knobs: SignIn(browser)(row, fake, person, **knobs)


def everything() -> str:
    """Return every value of every column of ours, and what is sealed in it."""
    found: list[str] = []
    for model in apps.get_app_config("jitprov").get_models():
        if model._meta.swapped:
            continue
        for values in model._default_manager.values_list():
            texts = [str(value) for value in values]
            opened = [unseal(text, purpose) for text in texts for purpose in (_CLAIMS, "report")]
            found += [*texts, *(json.dumps(one) for one in opened if one)]
    return "\n".join(found).lower()


def traces(person: Person) -> set[str]:
    words = {person.object_id, person.upn, person.email, person.surname, person.given_name}
    kept = everything()
    words |= set(email_digests(person.email)) if person.email else set()
    # Whole words: "ann" is in one digest of some hundreds by chance.
    return {
        word
        for word in words
        if word and re.search(rf"(?<![\w+/=-]){re.escape(word.lower())}(?![\w+/=-])", kept)
    }


def test_nothing_stays_of_a_person_whose_account_is_deleted(sign_in: Callable[..., Any]) -> None:
    sign_in()
    User.objects.update(is_active=False)
    sign_in()
    assert traces(ANN)
    assert ProvisioningEvent.objects.filter(network="203.0.113.0/24").count() == 2

    User.objects.get().delete()

    assert traces(ANN) == set()
    assert ProvisioningEvent.objects.count() == 2
    assert not ProvisioningEvent.objects.exclude(network="").exists()


def test_attempts_before_there_was_an_account_are_forgotten_too(
    row: IdentityProvider, sign_in: Callable[..., Any]
) -> None:
    IdentityProvider.objects.update(create_users=False)
    sign_in()
    IdentityProvider.objects.update(create_users=True)
    sign_in()

    User.objects.all().delete()

    assert traces(ANN) == set()


def test_claims_of_other_people_are_kept(sign_in: Callable[..., Any]) -> None:
    sign_in()
    sign_in(BOB)

    User.objects.get(external_identities__external_id=ANN.object_id).delete()

    assert traces(ANN) <= {ANN.surname, ANN.given_name}  # Bob is called the same
    assert BOB.object_id in traces(BOB)


def test_the_address_of_the_browser_is_kept_nowhere(sign_in: Callable[..., Any]) -> None:
    sign_in()
    sign_in(sign=None)

    assert ADDRESS not in everything()
