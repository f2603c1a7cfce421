"""Show the kind of the directory, which decides on guides and on the mappings to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from jitprov.extras import Section, Shown
from jitprov.provisioning.presets import Preset
from jitprov.setup.drafts import kinds


def _show(page: Any, context: Mapping[str, Any]) -> Shown:
    row, forms = page.identity_provider, context["forms"]
    field = forms.by_hand["preset"]
    # Metadata shows by itself what kind it is of.
    is_known = row.preset != Preset.NONE or not row.is_draft
    return Shown(
        done=is_known,
        line=context["preset_label"],
        has_errors=forms.are_wrong(forms.by_hand) and bool(field.errors),
        context={"field": field, "kinds": [] if is_known else kinds()},
    )


SECTION = Section(
    name="kind",
    title=_("Directory kind"),
    template="jitprov/setup/sections/kind.html",
    show=_show,
)
