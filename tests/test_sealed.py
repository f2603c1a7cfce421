"""Sealed values open for their own purpose only, and still after the secret key was replaced."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.test import override_settings

from jitprov.sealed import MAX_SEALED_BYTES, keyed_digest, keyed_digests, seal, unseal

VALUE = {"mail": ["ann@acme.example"], "groups": ["é", "漢", "😀"], "n": [1, None, True]}


def test_a_sealed_value_can_be_unsealed() -> None:
    assert unseal(seal(VALUE, "a"), "a") == VALUE


def test_a_sealed_value_shows_nothing() -> None:
    sealed = seal(VALUE, "a")
    raw = base64.urlsafe_b64decode(sealed)
    assert sealed.isascii()
    for text in (sealed, raw.decode("latin-1")):
        assert "ann" not in text
        assert "mail" not in text


def test_a_value_is_sealed_differently_each_time() -> None:
    assert seal(VALUE, "a") != seal(VALUE, "a")


def test_a_value_is_not_unsealed_for_another_purpose() -> None:
    assert unseal(seal(VALUE, "a"), "b") is None


@pytest.mark.parametrize("position", [0, 5, 20, 60, -1])
def test_a_changed_text_is_not_unsealed(position: int) -> None:
    raw = bytearray(base64.urlsafe_b64decode(seal(VALUE, "a")))
    raw[position] ^= 1
    assert unseal(base64.urlsafe_b64encode(raw).decode(), "a") is None


@pytest.mark.parametrize("text", ["", "x", "é", "gAAAA", "\x00", "=" * 100])
def test_a_text_that_was_never_sealed_gives_none(text: str) -> None:
    assert unseal(text, "a") is None


def test_a_token_with_another_key_gives_none() -> None:
    other = Fernet(Fernet.generate_key())
    assert unseal(other.encrypt(zlib.compress(json.dumps(VALUE).encode())).decode(), "a") is None


@pytest.mark.parametrize(
    ("size", "kept"), [(MAX_SEALED_BYTES - 2, True), (MAX_SEALED_BYTES, False)]
)
def test_a_value_that_is_too_large_is_not_kept(size: int, kept: bool) -> None:
    assert bool(seal("x" * size, "a")) is kept


def test_a_value_sealed_with_a_former_key_can_be_unsealed() -> None:
    with override_settings(SECRET_KEY="old"):
        sealed = seal(VALUE, "a")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["older", "old"]):
        assert unseal(sealed, "a") == VALUE
        fresh = seal(VALUE, "a")
    with override_settings(SECRET_KEY="new"):
        assert unseal(fresh, "a") == VALUE, "the first key seals"
        assert unseal(sealed, "a") is None, "its key is gone"


def test_a_key_may_be_bytes() -> None:
    secret: Any = b"bytes"
    with override_settings(SECRET_KEY=secret):
        sealed = seal(VALUE, "a")
    with override_settings(SECRET_KEY="bytes"):
        assert unseal(sealed, "a") == VALUE


# Digests to look for


def test_a_digest_depends_on_text_and_purpose() -> None:
    assert keyed_digest("ann", "a") == keyed_digest("ann", "a")
    assert len({keyed_digest("ann", "a"), keyed_digest("ann", "b"), keyed_digest("bob", "a")}) == 3
    assert len(keyed_digest("é" * 10_000, "a")) == 64


def test_a_digest_cannot_be_guessed_without_the_key() -> None:
    with override_settings(SECRET_KEY="one"):
        one = keyed_digest("ann", "a")
    with override_settings(SECRET_KEY="two"):
        assert keyed_digest("ann", "a") != one


def test_digests_of_former_keys_are_looked_for_too() -> None:
    with override_settings(SECRET_KEY="old"):
        kept = keyed_digest("ann", "a")
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert keyed_digests("ann", "a") == [keyed_digest("ann", "a"), kept]
