from __future__ import annotations

import io
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command

from jitprov.accounts import sessions
from jitprov.configuration.enabling import end_sessions_for
from jitprov.journal.actors import Actor
from jitprov.models import ConfigurationChange, ExternalIdentity, IdentityProvider
from tests.support.factories import ExternalIdentityFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def identity(idp: IdentityProvider) -> ExternalIdentity:
    user = UserFactory.create(username="ann", email="ann@acme.example")
    return ExternalIdentityFactory.create(identity_provider=idp, user=user)


def run(*args: Any) -> str:
    out = io.StringIO()
    call_command("end_sessions", *map(str, args), stdout=out)
    return out.getvalue()


def endings(row: Any) -> int:
    row.refresh_from_db()
    return int(row.session_endings)


def test_the_sessions_of_one_person_are_ended(identity: ExternalIdentity) -> None:
    other = ExternalIdentityFactory.create(identity_provider=identity.identity_provider)
    whose = [("--identity", identity.pk), ("--user", "ann"), ("--user", "ann@acme.example")]
    for number, args in enumerate(whose, start=1):
        assert run(*args) == "Ended the sessions of 1 external identity.\n"
        assert (endings(identity), endings(other)) == (number, 0)
    assert endings(identity.identity_provider) == 0


def test_many_people_are_recorded_by_their_number(idp: IdentityProvider) -> None:
    people = [ExternalIdentityFactory.create(identity_provider=idp) for _ in range(5)]
    with mock.patch.object(sessions, "AT_ONCE", 2):
        assert end_sessions_for(ExternalIdentity.objects.all(), Actor.command("test")) == 5

    assert [endings(one) for one in people] == [1] * 5
    [change] = ConfigurationChange.objects.filter(what="sessions")
    assert (change.label, change.identity_provider) == ("5 identities", idp)


@pytest.mark.parametrize("option", ["--idp", "--tenant"])
def test_the_sessions_of_everybody_are_ended(identity: ExternalIdentity, option: str) -> None:
    row = identity.identity_provider
    name = row.slug if option == "--idp" else row.tenant.slug

    assert run(option, name) == "Ended the sessions of everybody of 1 identity provider.\n"
    assert endings(row) == 1


def test_an_ending_is_recorded_without_a_name(identity: ExternalIdentity) -> None:
    run("--user", "ann")
    change = ConfigurationChange.objects.latest("pk")
    assert (change.what, change.note, change.via) == ("sessions", "ended", "command")
    assert change.label == f"identity {identity.pk}"


def test_a_dry_run_only_counts(identity: ExternalIdentity) -> None:
    before = ConfigurationChange.objects.count()
    said = run("--user", "ann", "--dry-run")
    assert said == "Would end the sessions of 1 external identity.\n"
    assert endings(identity) == 0
    assert ConfigurationChange.objects.count() == before


@pytest.mark.parametrize(
    "args",
    [
        ("--user", "nobody"),
        ("--identity", 2**62),
        ("--idp", "nowhere"),
        ("--tenant", "nowhere"),
        (),
        ("--user", "ann", "--idp", "acme"),
    ],
)
def test_a_name_of_nobody_is_an_error(identity: ExternalIdentity, args: Any) -> None:
    with pytest.raises(CommandError):
        run(*args)


def test_a_name_of_several_people_is_an_error(identity: ExternalIdentity) -> None:
    for number in range(2):
        user = UserFactory.create(username=f"twin {number}", email="twin@acme.example")
        ExternalIdentityFactory.create(identity_provider=identity.identity_provider, user=user)
    with pytest.raises(CommandError, match="Several"):
        run("--user", "twin@acme.example")
