"""Signing keys of the fake directories, generated once and stored, so that a restart changes nothing."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings

from jitprov.saml.types import KeyPair
from jitprov.testing import rsa_key_pair

LIFETIME = timedelta(days=3 * 365)
"""The same lifetime as Entra's."""


def kept_key_pair(name: str) -> KeyPair:
    """Return the key pair with this name from the data folder, generated at the first call."""
    certificate, private_key = _files(name)
    if not (certificate.exists() and private_key.exists()):
        made = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        pair = rsa_key_pair(
            name,
            common_name=f"Fake Entra signing for {name}",
            not_before=made,
            not_after=made + LIFETIME,
        )
        write_privately(private_key, pair.private_key)
        certificate.write_text(pair.certificate)
    return KeyPair(certificate=certificate.read_text(), private_key=private_key.read_text())


def write_privately(path: Path, text: str) -> None:
    """Write a file that no other user of this machine can read."""
    with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)


def _files(name: str) -> tuple[Path, Path]:
    folder: Path = settings.DATA_DIR
    return folder / f"{name}-certificate.pem", folder / f"{name}-private-key.pem"
