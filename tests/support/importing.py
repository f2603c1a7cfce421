"""Run ``import_idp_metadata`` on a document that a test makes."""

from __future__ import annotations

import io
import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import models

from jitprov.models import ClaimMapping, IdentityProvider, SigningCertificate
from jitprov.saml.types import KeyPair
from tests.saml import documents
from tests.saml.documents import entity, idp_role, key_descriptor, service

ENTRA_ID = "https://sts.windows.net/11111111-2222-3333-4444-555555555555/"
ENTRA_URL = "https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/saml2"
NOW = datetime.now(UTC)
YEAR = timedelta(days=365)


def key_pair(kind: str = "rsa", *, days: int = 365) -> KeyPair:
    """Return a key pair whose certificate is valid now."""
    end = NOW.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=days)
    return documents.key_pair(kind, not_before=end - 3 * YEAR, not_after=end)


def entra(
    *pairs: KeyPair,
    entity_id: str = ENTRA_ID,
    url: str = ENTRA_URL,
    binding: str = documents.REDIRECT,
    attributes: str = "",
    logout: bool = True,
) -> str:
    keys = "".join(key_descriptor(pair) for pair in pairs or (key_pair(),))
    slo = service("SingleLogoutService", url=ENTRA_URL) if logout else ""
    role = idp_role(
        keys=keys, services=slo + service(url=url, binding=binding), attributes=attributes
    )
    return entity(role, entity_id=entity_id, attributes='ID="e1"')


class Runner:
    """Writes a document to a file and runs the command on it."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch

    def file(self, content: str | bytes, name: str = "metadata.xml") -> str:
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    def __call__(self, document: str | bytes, *args: str, tenant: str = "acme") -> str:
        return self.source(self.file(document), *args, tenant=tenant)

    def source(self, source: str, *args: str, tenant: str = "acme") -> str:
        out = io.StringIO()
        call_command("import_idp_metadata", source, "--tenant", tenant, *args, stdout=out)
        return out.getvalue()

    def json(self, document: str | bytes, *args: str, tenant: str = "acme") -> dict[str, Any]:
        printed: dict[str, Any] = json.loads(self(document, "--json", *args, tenant=tenant))
        return printed

    def fail(self, document: str | bytes, *args: str, tenant: str = "acme") -> str:
        return self.fail_source(self.file(document), *args, tenant=tenant)

    def fail_source(self, source: str, *args: str, tenant: str = "acme") -> str:
        with pytest.raises(CommandError) as caught:
            self.source(source, *args, tenant=tenant)
        text = str(caught.value)
        assert "\n" not in text
        assert caught.value.returncode == 1
        return text

    def stdin(self, document: str) -> None:
        self.monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(document.encode())))


def snapshot() -> list[Any]:
    """Return all rows that an import may change."""
    tables: list[type[models.Model]] = [IdentityProvider, SigningCertificate, ClaimMapping]
    return [list(table._default_manager.order_by("pk").values()) for table in tables]
