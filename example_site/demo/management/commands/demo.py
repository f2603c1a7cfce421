"""The command ``manage.py demo``, which serves the demo, and ``manage.py demo --once``, which walks through it."""

from __future__ import annotations

from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.test.utils import override_settings

from example_site.demo import rows
from example_site.demo.seed import ADMIN, TENANT_ADMIN, ensure_admin, ensure_tenant_admin, seed
from example_site.demo.server import (
    LOOPBACK,
    at_port,
    quiet_logs,
    running_server,
    temporary_database,
)
from example_site.demo.walk import NotAsExpected, Walk
from example_site.directory.directories import INITECH

BANNER = """
Corner Desk         {product}/
The fake directory  {directory}/
The admin           {product}/admin/   user name: {admin}   password: {password}
  of Initech only   {product}/admin/   user name: {tenant_admin}   password: {tenant_password}

Initech is not connected yet: {tenant_admin} does that, with {application} in the other tab.

Use Chromium, Chrome, Edge or Firefox: Safari keeps no Secure cookies without https, also not on this machine.
"""


class Command(BaseCommand):
    """Sets the demo up, and serves it or walks through it once."""

    # They would open the usual database, also for --once, which must leave nothing behind.
    requires_system_checks = ()

    help = "Set up the example site with three customers and serve it on this machine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--once",
            action="store_true",
            help="sign people in over HTTP, print what came of it, and end; changes nothing here",
        )
        parser.add_argument(
            "--port", type=int, help="where to serve (default: the port of BASE_URL)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEBUG:
            raise CommandError("The demo signs for anybody whatever they choose: only with DEBUG.")
        if options["once"]:
            self._once()
        else:
            self._serve(options["port"])

    def _serve(self, port: int | None) -> None:
        with at_port(port) if port else nullcontext():
            settings.DATA_DIR.mkdir(parents=True, exist_ok=True)
            call_command("migrate", verbosity=0, interactive=False, stdout=self.stdout)
            seed(self.stdout)
            banner = BANNER.format(
                product=settings.JITPROV_BASE_URL,
                directory=settings.DIRECTORY_URL,
                admin=ADMIN,
                password=ensure_admin(),
                tenant_admin=TENANT_ADMIN,
                tenant_password=ensure_tenant_admin(),
                application=f"{settings.DIRECTORY_URL}/{INITECH.tenant_id}/application",
            )
            self.stdout.write(banner)
            port = port or urlsplit(settings.JITPROV_BASE_URL).port or 8000
            call_command("runserver", f"{LOOPBACK}:{port}", use_reloader=False)

    def _once(self) -> None:
        with TemporaryDirectory(prefix="demo-") as name:
            folder = Path(name)
            with (
                override_settings(DATA_DIR=folder),
                temporary_database(folder),
                running_server() as port,
                # Refusals are expected here, and the walk prints them itself.
                quiet_logs("django.request", "jitprov"),
                at_port(port),
            ):
                self._walk()

    def _walk(self) -> None:
        seed(self.stdout)
        try:
            Walk(self.stdout.write).run()
        except NotAsExpected as error:
            raise CommandError(f"Not as expected: {error}") from error
        self.stdout.write("\nPeople")
        for line in rows.people():
            self.stdout.write(f"  {line}")
        self.stdout.write("\nEvents")
        for line in rows.events():
            self.stdout.write(f"  {line}")
        self.stdout.write("\nEverything went as expected.")
