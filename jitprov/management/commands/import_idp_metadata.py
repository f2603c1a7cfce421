"""Define ``manage.py import_idp_metadata``: import one identity provider (``--tenant``) or many (``--map``)."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any, BinaryIO, NoReturn

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import DatabaseError
from django.utils.timezone import now as current_time

from jitprov.exceptions import JitprovError
from jitprov.journal.actors import Actor
from jitprov.management.federation_report import FederationReport
from jitprov.management.import_report import Report
from jitprov.management.progress import Progress
from jitprov.management.query_log import without_query_log
from jitprov.metadata.federation_import import FederationImport, FederationIncomplete, Summary
from jitprov.metadata.federation_map import MapProblem, MapRefused, read_map
from jitprov.metadata.importing import find_tenant, import_metadata
from jitprov.metadata.source import open_metadata, read_certificate, read_metadata
from jitprov.provisioning.presets import Preset
from jitprov.saml.types import Certificate

NAME = "import_idp_metadata"
AUTO = "auto"


class Command(BaseCommand):
    """The command. Running it again changes only what has changed."""

    help = (
        "Create or update a tenant's identity provider from its SAML metadata, or with --map those of many "
        "tenants from a federation's. Running it again is safe: it says what changed, or that nothing did."
    )
    # One clear line instead of a list of everything that is not set up yet.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("source", help="a file, - for standard input, or an https URL")
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument("--tenant", help="whose identity provider it is")
        whose.add_argument(
            "--map",
            metavar="FILE.csv",
            help="a CSV file with the columns entity_id, tenant and slug: import all these from an aggregate",
        )
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
            help="a certificate file that must have signed the document; with --map the whole aggregate, "
            "which is then held in memory: about 20 times its size (1.3 GB and 5 seconds for 65 MB), and no "
            "more than JITPROV_METADATA_MAX_BYTES",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would change; save nothing"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    @without_query_log()
    def handle(self, *args: Any, **options: Any) -> None:
        if options["map"] and (options["slug"] or options["entity_id"]):
            raise CommandError("The map names slugs and entity IDs: leave out --slug, --entity-id.")
        if options["map"]:
            self._import_many(options)
            return
        with self._failures(options):
            self._import_one(options)

    @contextmanager
    def _failures(
        self, options: dict[str, Any], report: FederationReport | None = None
    ) -> Iterator[None]:
        """Turn a failure into a report of what was done until then, and one line that says what is wrong."""
        try:
            yield
        except JitprovError as error:
            problems = error.problems if isinstance(error, MapRefused) else ()
            self._fail(_Failure(error.code, str(error), problems, report), options)
        except DatabaseError as error:
            problem = str(error).partition("\n")[0]
            text = f"The database refused ({problem}). Run manage.py migrate if you have not."
            self._fail(_Failure("database_error", text, (), report), options)

    def _fail(self, failure: _Failure, options: dict[str, Any]) -> NoReturn:
        if options["json"]:
            self.stdout.write(json.dumps(failure.as_json(), indent=2))
        else:
            self.stdout.write("".join(failure.lines()), ending="")
        raise CommandError(f"{failure.text[:1].upper()}{failure.text[1:]} [{failure.code}]")

    def _import_one(self, options: dict[str, Any]) -> None:
        now = current_time()
        # Before anything is fetched: a mistyped tenant should not take ten seconds to be found.
        tenant = find_tenant(options["tenant"])
        trusted = _trusted(options)
        result = import_metadata(
            read_metadata(options["source"], stdin=sys.stdin.buffer),
            tenant=tenant,
            slug=options["slug"],
            preset=_preset(options),
            entity_id=options["entity_id"],
            trusted=trusted,
            now=now,
            dry_run=options["dry_run"],
            actor=Actor.command(NAME),
            metadata_url=_remembered_url(options),
        )
        report = Report(
            result=result, source=options["source"], now=now, dry_run=options["dry_run"]
        )
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            headline = self.style.SUCCESS(report.headline())
            self.stdout.write("\n".join([headline, *report.lines()]))

    def _import_many(self, options: dict[str, Any]) -> None:
        with self._failures(options):
            rows = read_map(options["map"])
        work = FederationImport(
            rows,
            now=current_time(),
            preset=_preset(options),
            dry_run=options["dry_run"],
            actor=Actor.command(NAME),
        )
        report = FederationReport(summary=work.summary, dry_run=options["dry_run"])
        with self._failures(options, report):
            self._read_aggregate(work, options, len(rows))
            if not work.summary.complete:
                raise FederationIncomplete("Not everything in the map was imported")
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            headline = self.style.SUCCESS(report.headline())
            self.stdout.write("\n".join([headline, *report.lines()]))

    def _read_aggregate(
        self, work: FederationImport, options: dict[str, Any], expected: int
    ) -> None:
        out = self.stderr if options["verbosity"] else None
        told = partial(_told, work.summary, expected)
        with (
            _aggregate(work, options) as (stream, size),
            Progress(stream, size, out=out, told=told) as watched,
        ):
            work.run(watched)


@dataclass(frozen=True, slots=True)
class _Failure:
    """The reason why the command ends with 1, and the report of what was done until then."""

    code: str
    text: str
    problems: tuple[MapProblem, ...]
    report: FederationReport | None

    def as_json(self) -> dict[str, Any]:
        done = self.report.as_json() if self.report else {}
        problems = [asdict(problem) for problem in self.problems]
        found = {"problems": problems} if problems else {}
        return {**done, **found, "ok": False, "code": self.code, "error": self.text}

    def lines(self) -> Iterator[str]:
        yield from (f"  {problem}\n" for problem in self.problems)
        if self.report and self.report.summary.settled:
            yield f"{self.report.headline()}\n"
            yield from (f"{line}\n" for line in self.report.lines())


@contextmanager
def _aggregate(
    work: FederationImport, options: dict[str, Any]
) -> Iterator[tuple[BinaryIO, int | None]]:
    trusted = _trusted(options)
    with open_metadata(options["source"], stdin=sys.stdin.buffer) as (stream, size):
        if trusted is None:
            yield stream, size
        else:
            document = work.verified(stream, trusted)
            yield io.BytesIO(document), len(document)


def _told(summary: Summary, expected: int) -> str:
    return f"{summary.settled} of {expected} identity providers"


def _preset(options: dict[str, Any]) -> Preset | None:
    return None if options["preset"] == AUTO else Preset(options["preset"])


def _remembered_url(options: dict[str, Any]) -> str:
    """Return the URL for ``refresh_idp_metadata``; empty if that command could not check the same signature."""
    is_url = "://" in options["source"] and not options["verify_with"]
    return str(options["source"]) if is_url else ""


def _trusted(options: dict[str, Any]) -> Certificate | None:
    return read_certificate(options["verify_with"]) if options["verify_with"] else None
