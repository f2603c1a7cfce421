"""Run ``import_idp_metadata --map`` on an aggregate that a test makes."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jitprov.models import Tenant
from tests.saml.documents import aggregate
from tests.support.importing import Runner, entra


def name(number: int | str) -> str:
    return f"https://idp{number}.example/"


def member(number: int | str, **options: Any) -> str:
    """Return one entity of an aggregate."""
    return entra(entity_id=name(number), **{"url": f"{name(number)}sso", **options})


def members(count: int) -> str:
    return aggregate(*(member(number) for number in range(count)))


def row(number: int | str, *, tenant: str = "acme", slug: str = "") -> str:
    """Return one line of a map."""
    return f"{name(number)},{tenant},{slug or f'idp-{number}'}"


class Federation(Runner):
    """Writes an aggregate and a map to files, and runs the command on them."""

    def map(self, rows: Iterable[str] | int) -> str:
        lines = [row(number) for number in range(rows)] if isinstance(rows, int) else rows
        return self.file("\n".join(["entity_id,tenant,slug", *lines, ""]), "map.csv")

    def many(self, document: str | bytes, rows: Iterable[str] | int, *args: str) -> str:
        """Return the output of a run that imports everything."""
        return self.run(self.file(document), "--map", self.map(rows), *args)

    def many_json(self, document: str, rows: Iterable[str] | int, *args: str) -> dict[str, Any]:
        printed: dict[str, Any] = json.loads(self.many(document, rows, "--json", *args))
        return printed

    def incomplete(self, document: str | bytes, rows: Iterable[str] | int, *args: str) -> str:
        """Return the output of a run that fails, with the error in the last line."""
        return self.failed(self.file(document), "--map", self.map(rows), *args)

    @staticmethod
    def run(*args: str, stderr: Any = None) -> str:
        out = io.StringIO()
        call_command("import_idp_metadata", *args, stdout=out, stderr=stderr or io.StringIO())
        return out.getvalue()

    @staticmethod
    def failed(*args: str) -> str:
        out = io.StringIO()
        with pytest.raises(CommandError) as caught:
            call_command("import_idp_metadata", *args, stdout=out, stderr=io.StringIO())
        assert caught.value.returncode == 1
        assert "\n" not in str(caught.value)
        return f"{out.getvalue()}{caught.value}"


def federation(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Federation:
    """Return a runner, with the tenants that its maps name."""
    for slug in ("acme", "beta"):
        Tenant.objects.create(slug=slug, name=slug.title())
    return Federation(folder, monkeypatch)
