"""Define ``manage.py make_setup_link``: make a setup link for an admin without an account, or revoke one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.management.chosen import chosen_identity_provider, chosen_tenant
from jitprov.models import SetupLink
from jitprov.provisioning.presets import Preset


class Command(BaseCommand):
    """The command."""

    help = (
        "Make a link with which somebody without an account can set one identity provider up, and print it. "
        "It is shown only now."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--idp", metavar="SLUG", help="for this identity provider")
        what.add_argument("--tenant", help="for a new identity provider of this tenant")
        what.add_argument("--revoke", type=int, metavar="ID", help="let this link open nothing")
        parser.add_argument(
            "--preset",
            default=Preset.NONE.value,
            choices=[preset.value for preset in Preset],
            help="with --tenant: what kind the new identity provider is (by default, whoever opens the link chooses)",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=setup_links.LIFETIME.days,
            help=f"for how long (default: {setup_links.LIFETIME.days}, at most {setup_links.MAX_LIFETIME.days})",
        )
        parser.add_argument("--for", dest="recipient", default="", metavar="NAME", help="for whom")

    def handle(self, *args: Any, **options: Any) -> None:
        actor = Actor.command("make_setup_link")
        if options["revoke"] is not None:
            self._revoke(options["revoke"], actor)
            return
        try:
            link, url = _make(options, actor)
        except setup_links.LinkRefused as error:
            raise CommandError(str(error)) from error
        self.stderr.write(
            f"Setup link {link.pk} for {link.identity_provider}, valid until "
            f"{link.expires_at:%Y-%m-%d %H:%M} UTC. It is shown only now:"
        )
        self.stdout.write(url)

    def _revoke(self, number: int, actor: Actor) -> None:
        link = SetupLink.objects.filter(pk=number).select_related("identity_provider").first()
        if link is None:
            raise CommandError(f"There is no setup link {number}.")
        setup_links.revoke(link, actor)
        self.stdout.write(f"Setup link {number} opens nothing any more.")


def _make(options: dict[str, Any], actor: Actor) -> tuple[SetupLink, str]:
    common = {
        "actor": actor,
        "recipient": options["recipient"],
        # What is too much for a timedelta is too much for a link.
        "lifetime": timedelta(days=max(0, min(options["days"], 10_000))),
    }
    if options["tenant"] is not None:
        tenant = chosen_tenant(options["tenant"])
        return setup_links.make_for_tenant(tenant, preset=options["preset"], **common)
    return setup_links.make(chosen_identity_provider(options["idp"]), **common)
