"""Show our values, and where they are entered at the identity provider."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from jitprov.extras import Section, Shown
from jitprov.provisioning.presets import Preset
from jitprov.setup.our_values import ShownValue, our_values
from jitprov.words.guides import OurValue, steps, trail

NEEDED = {OurValue.ENTITY_ID, OurValue.ACS_URL}
"""The values without which nothing works. The others are folded."""


def _show(page: Any, context: Mapping[str, Any]) -> Shown:
    row = page.identity_provider
    values = our_values(row)
    needed = [one for one in values if one.kind in NEEDED]
    return Shown(
        # Nobody tells us when they are entered; whoever brings metadata has been there.
        done=not row.is_draft,
        line=_("Entity ID and ACS URL, for your identity provider"),
        context={
            "needed": needed,
            "path": _common_path(needed),
            "others": [one for one in values if one.kind not in NEEDED],
            "guide_steps": steps(Preset(row.preset)),
        },
    )


def _common_path(values: list[ShownValue]) -> Any:
    """Return the way to the fields, if it is one way for all; empty otherwise."""
    paths = {one.place.path for one in values if one.place is not None}
    return trail(*paths.pop()) if len(paths) == 1 else ""


SECTION = Section(
    name="give", title=_("Our values"), template="jitprov/setup/sections/give.html", show=_show
)
