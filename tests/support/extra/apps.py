"""An extra, as small as one can be: one kind of trouble, and one section of the set-up page."""

from __future__ import annotations

from django.apps import AppConfig

from jitprov import extras


class ExtraConfig(AppConfig):
    name = "tests.support.extra"
    label = "extra"

    def ready(self) -> None:
        extras.add(
            extras.Extra(
                name="extra",
                kinds="tests.support.extra.trouble.KINDS",
                sections="tests.support.extra.sections.SECTIONS",
            )
        )
