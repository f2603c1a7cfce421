"""Define ``manage.py preview_mapping``: say what a sign-in would do with a mapping."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jitprov.accounts import Rules
from jitprov.exceptions import JitprovError
from jitprov.journal.observed_claims import MAX_RECENT
from jitprov.management.chosen import chosen_identity_provider
from jitprov.management.mapping_file import MappingFileRefused, read_mapping
from jitprov.management.preview_report import PreviewReport
from jitprov.mapping_review.preview import PreviewInputRefused, Said, pasted, preview, recent
from jitprov.mapping_review.review import review
from jitprov.models import IdentityProvider
from jitprov.provisioning.problems import MappingError

UNUSABLE = 2
"""Exit code where there is nothing to preview."""
MAX_BYTES = 1024 * 1024
"""Bytes that are read of a file at most."""


class Command(BaseCommand):
    """The command. It prints values before and after for each person, with the reasons, and writes nothing."""

    help = (
        "Show what a sign-in would do to each user field and group, before and after and why, for the last "
        "people who signed in, a SAMLResponse, or claims as JSON. Nothing is written. Personal values are "
        "printed, and logged nowhere."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--idp", required=True, metavar="SLUG", help="the identity provider")
        parser.add_argument(
            "--claims",
            metavar="FILE",
            help='claims as JSON, {"name": "value", "another": ["a", "b"]}; - for standard input',
        )
        parser.add_argument(
            "--response",
            metavar="FILE",
            help="a SAMLResponse, as XML or base64; its signature and age do not matter; - for "
            "standard input",
        )
        parser.add_argument(
            "--mapping",
            metavar="FILE",
            help="a proposed mapping as JSON (default: the one that is saved)",
        )
        parser.add_argument(
            "--limit",
            type=int,
            default=MAX_RECENT,
            help=f"how many of the last people who signed in (default: {MAX_RECENT})",
        )
        parser.add_argument(
            "--fail-on-refusal", action="store_true", help="exit with 1 if anybody would be refused"
        )
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        with _failures():
            report = _report(options)
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2))
        else:
            self.stdout.write("\n".join([report.headline(), *report.lines()]))
        if options["fail_on_refusal"] and report.refused:
            raise CommandError(f"{report.refused} of {len(report.people)} would be refused.")


@contextmanager
def _failures() -> Iterator[None]:
    """Turn an input that cannot be read into one line that says what is wrong."""
    try:
        yield
    except PreviewInputRefused as error:
        code = f"{error.code}: {error.cause}" if error.cause else error.code
        raise CommandError(f"{error.problem} [{code}]", returncode=UNUSABLE) from error
    except MappingFileRefused as error:
        raise _unusable(error, MappingError.code) from error
    except JitprovError as error:
        raise _unusable(error, error.code) from error


def _unusable(error: Exception, code: str) -> CommandError:
    text = f"{str(error)[:1].upper()}{str(error)[1:]}"
    return CommandError(f"{text} [{code}]", returncode=UNUSABLE)


def _report(options: dict[str, Any]) -> PreviewReport:
    identity_provider = chosen_identity_provider(options["idp"], returncode=UNUSABLE)
    rules = _rules(identity_provider, options["mapping"])
    return PreviewReport(
        identity_provider=identity_provider,
        mapping=options["mapping"] or "",
        people=preview(identity_provider, rules, _said(identity_provider, options)),
        remarks=review(identity_provider, rules),
    )


def _rules(identity_provider: IdentityProvider, source: str | None) -> Rules | None:
    return read_mapping(identity_provider, _read(source)) if source else None


def _said(identity_provider: IdentityProvider, options: dict[str, Any]) -> list[Said]:
    files = [options[name] for name in ("response", "claims") if options[name]]
    if [*files, options["mapping"]].count("-") > 1:
        raise CommandError("Only one can come from standard input.", returncode=UNUSABLE)
    if files:
        return [pasted(identity_provider, _read(file)) for file in files]
    if not 1 <= options["limit"] <= MAX_RECENT:
        raise CommandError(f"--limit must be 1 to {MAX_RECENT}.", returncode=UNUSABLE)
    return recent(identity_provider, limit=options["limit"])


def _read(source: str) -> str:
    try:
        if source == "-":
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(source).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
        text = raw.decode("utf-8-sig")
    except (OSError, ValueError) as error:
        problem = getattr(error, "strerror", None) or "it is not UTF-8"
        raise CommandError(f"{source} cannot be read: {problem}.", returncode=UNUSABLE) from error
    if len(raw) > MAX_BYTES:
        raise CommandError(f"{source} is larger than 1 MiB.", returncode=UNUSABLE)
    return text
