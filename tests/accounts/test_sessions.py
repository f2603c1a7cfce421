"""The sessions that a logout names are ended, and no others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from jitprov.accounts import session_cache, sessions
from jitprov.accounts.sessions import UNSPECIFIED
from jitprov.models import IdentityProvider, SignInSession
from jitprov.saml.types import NameID
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.knobs import EMAIL_ADDRESS_FORMAT
from jitprov.testing.round_trip import SignIn
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

BOB = replace(ANN, object_id="bob", upn="bob@acme.example", email="bob@acme.example")
ANN_ID = {"value": ANN.upn, "format": EMAIL_ADDRESS_FORMAT}


def signed_in(
    idp: IdentityProvider, fake: FakeIdentityProvider, person: Any = ANN, **knobs: Any
) -> SignInSession:
    assert SignIn(Client())(idp, fake, person, **knobs).status_code == 302
    return SignInSession.objects.latest("pk")


def test_a_session_is_found_by_its_name_id_and_index(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    one, two = (
        signed_in(idp, fake_identity_provider, session_index=index) for index in ("one", "two")
    )
    signed_in(idp, fake_identity_provider, BOB, session_index="one")

    assert sessions.named(idp, ANN_ID, ["one"]) == [one]
    assert sessions.named(idp, ANN_ID, ["one", "two", "three"]) == [one, two]
    assert sessions.named(idp, ANN_ID, ["ONE"]) == []
    assert sessions.named(idp, ANN_ID) == [one, two]


def test_a_session_without_an_index_may_be_the_one_that_is_meant(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    unknown = signed_in(idp, fake_identity_provider, session_index=None)
    too_long = signed_in(idp, fake_identity_provider, session_index="x" * 600)
    assert sessions.named(idp, ANN_ID, ["one"]) == [unknown, too_long]


def test_the_same_name_id_elsewhere_is_somebody_else(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    other = FakeIdentityProvider(tenant_id="another-directory")
    signed_in(connected(other, slug="other"), other)
    assert sessions.named(idp, ANN_ID) == []


def test_the_format_is_a_part_of_a_name_id(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    row = signed_in(idp, fake_identity_provider, name_id=NameID(value="ann"))
    assert sessions.named(idp, {"value": "ann", "format": UNSPECIFIED}) == [row]
    assert sessions.named(idp, {"value": "ann", "format": ""}) == [row]
    assert sessions.named(idp, {"value": "ann", "format": EMAIL_ADDRESS_FORMAT}) == []


def test_a_session_from_before_digests_were_kept_is_not_found(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    signed_in(idp, fake_identity_provider)
    SignInSession.objects.update(name_id_digest="")
    assert sessions.named(idp, ANN_ID) == []


def test_a_session_without_a_name_id_is_not_found(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    row = signed_in(idp, fake_identity_provider, name_id=None)
    assert row.name_id_digest == ""


def test_a_session_is_found_after_the_secret_key_was_replaced(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider, settings: Any
) -> None:
    row = signed_in(idp, fake_identity_provider)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another", [settings.SECRET_KEY]
    assert sessions.named(idp, ANN_ID) == [row]
    settings.SECRET_KEY_FALLBACKS = []
    assert sessions.named(idp, ANN_ID) == []


def test_the_digest_tells_nobody_the_name_id(
    idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider, settings: Any
) -> None:
    before = signed_in(idp, fake_identity_provider).name_id_digest
    assert ANN.upn not in before
    settings.SECRET_KEY = "another"
    assert signed_in(idp, fake_identity_provider).name_id_digest != before


def test_a_cache_does_not_say_that_an_ended_session_goes_on(
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    django_capture_on_commit_callbacks: Any,
) -> None:
    row, other = (signed_in(idp, fake_identity_provider) for _ in range(2))
    tokens = [session_cache.Token(one.key, one.identity_id, idp.pk) for one in (row, other)]
    user_key = str(row.identity.user_id)
    lifetime = sessions.EXTENDED_EVERY
    assert all(sessions.is_live(token, user_key, lifetime) for token in tokens)

    with django_capture_on_commit_callbacks(execute=True):
        sessions.end([row])

    assert not session_cache.knows_live(tokens[0], user_key)
    # Somebody who asked the database just before remembers its answer just after.
    session_cache.keep_live(tokens[0], user_key, row.created_at, None)
    assert not session_cache.knows_live(tokens[0], user_key)
    assert not sessions.is_live(tokens[0], user_key, lifetime)
    assert session_cache.knows_live(tokens[1], user_key)
    cache.clear()
    assert not sessions.is_live(tokens[0], user_key, lifetime)
    assert sessions.is_live(tokens[1], user_key, lifetime)


def test_nothing_is_told_to_a_cache_that_is_not_used(
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = 0
    row = signed_in(idp, fake_identity_provider)
    with django_capture_on_commit_callbacks(execute=True):
        sessions.end([row])
    assert not SignInSession.objects.exists()
