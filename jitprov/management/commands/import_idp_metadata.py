"""``manage.py import_idp_metadata SOURCE --tenant SLUG``."""

from __future__ import annotations

import json
import sys
from typing import Any, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.timezone import now as current_time

from jitprov.exceptions import JitprovError
from jitprov.management.import_report import Report
from jitprov.metadata_import import find_tenant, import_metadata, read_certificate, read_metadata
from jitprov.provisioning.presets import Preset

AUTO = "auto"


class Command(BaseCommand):
    """Imports one identity provider for one tenant; running it again changes only what has changed."""

    help = (
        "Create or update a tenant's identity provider from its SAML metadata. "
        "Running it again is safe: it says what changed, or that nothing did."
    )
    # One clear line instead of a list of everything that is not set up yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="a file, - for standard input, or an https URL")
        parser.add_argument("--tenant", required=True, help="whose identity provider it is")
        parser.add_argument(
            "--slug", default="", help="its part of every URL (default: from the tenant)"
        )
        parser.add_argument(
            "--preset",
            default=AUTO,
            choices=[AUTO, *(preset.value for preset in Preset)],
            help="what kind it is, for the first claim mappings (default: recognised)",
        )
        parser.add_argument(
            "--entity-id",
            default="",
            help="which one, if the document has several identity providers",
        )
        parser.add_argument(
            "--verify-with",
            metavar="CERT",
            help="a certificate file that must have signed the document",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change; save nothing"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self._import(options)
        except JitprovError as error:
            self._fail(error.code, str(error), as_json=options["json"])
        except DatabaseError as error:
            problem = str(error).partition("\n")[0]
            text = f"The database refused ({problem}). Run manage.py migrate if you have not."
            self._fail("database_error", text, as_json=options["json"])
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
            return
        headline = self.style.SUCCESS(report.headline())
        self.stdout.write("\n".join([headline, *report.lines()]))

    def _import(self, options: dict[str, Any]) -> Report:
        now = current_time()
        # Before anything is fetched: a mistyped tenant should not take ten seconds to be found.
        tenant = find_tenant(options["tenant"])
        trusted = read_certificate(options["verify_with"]) if options["verify_with"] else None
        preset = None if options["preset"] == AUTO else Preset(options["preset"])
        result = import_metadata(
            read_metadata(options["source"], stdin=sys.stdin.buffer),
            tenant=tenant,
            slug=options["slug"],
            preset=preset,
            entity_id=options["entity_id"],
            trusted=trusted,
            now=now,
            dry_run=options["dry_run"],
        )
        return Report(result=result, source=options["source"], now=now, dry_run=options["dry_run"])

    def _fail(self, code: str, text: str, *, as_json: bool) -> NoReturn:
        if as_json:
            self.stdout.write(json.dumps({"ok": False, "code": code, "error": text}, indent=2))
        raise CommandError(f"{text[:1].upper()}{text[1:]} [{code}]")
