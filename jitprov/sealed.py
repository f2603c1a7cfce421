"""Encrypt JSON values that are kept for a while and that nobody may read in the database.

The key follows from ``SECRET_KEY``, another one for each purpose, so that what was sealed for one cannot be passed
off as another. After ``SECRET_KEY`` has been replaced, those in ``SECRET_KEY_FALLBACKS`` still open what they sealed.
"""

from __future__ import annotations

import base64
import json
import zlib
from functools import lru_cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings  # noqa: TID251 -- SECRET_KEY is Django's setting, not one of ours

MAX_SEALED_BYTES = 256 * 1024
"""The largest JSON that is kept."""


def seal(value: Any, purpose: str) -> str:
    """Return a value as encrypted text that only this installation can read; empty if it is too large.

    :param value: what :func:`json.dumps` takes.
    """
    plain = json.dumps(value, separators=(",", ":")).encode()
    if len(plain) > MAX_SEALED_BYTES:
        return ""
    return _fernet(purpose).encrypt(_compressed(plain)).decode("ascii")


def unseal(text: str, purpose: str) -> Any | None:
    """Return the value that was sealed for this purpose; ``None`` if it was not, or if its key is gone."""
    if not text:
        return None
    try:
        return json.loads(zlib.decompress(_fernet(purpose).decrypt(text.encode())))
    except (InvalidToken, zlib.error, ValueError):
        return None


def _compressed(plain: bytes) -> bytes:
    """Compress in a window of 4 kB: what is sealed is seldom larger, and to clear zlib's usual 256 kB takes longer."""
    compressor = zlib.compressobj(wbits=12, memLevel=5)
    return compressor.compress(plain) + compressor.flush()


def keyed_digest(text: str, purpose: str) -> str:
    """Return a digest of a text, to be kept. Without the key nobody can test guesses against it."""
    return keyed_digests(text, purpose)[0]


def keyed_digests(text: str, purpose: str) -> list[str]:
    """Return the digests to look for, including those from before ``SECRET_KEY`` was replaced."""
    return [_digest(text, key) for key in _keys(purpose)]


def _digest(text: str, key: bytes) -> str:
    mac = HMAC(key, SHA256())
    mac.update(text.encode())
    return mac.finalize().hex()


def _fernet(purpose: str) -> MultiFernet:
    return _fernet_of(_keys(purpose))


@lru_cache(maxsize=16)
def _fernet_of(keys: tuple[bytes, ...]) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])


def _keys(purpose: str) -> tuple[bytes, ...]:
    """Return the key that encrypts, then the keys that only decrypt."""
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return tuple(_derived(secret, purpose) for secret in secrets)


@lru_cache(maxsize=64)
def _derived(secret: str | bytes, purpose: str) -> bytes:
    raw = secret.encode() if isinstance(secret, str) else secret
    info = f"jitprov.{purpose}".encode()
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(raw)
