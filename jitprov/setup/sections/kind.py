"""Show the kind of the directory, which decides on guides and on the mappings to begin with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from jitprov.extras import Section, Shown

if TYPE_CHECKING:
    from jitprov.setup.page import SetupPage


def _show(page: SetupPage, context: Mapping[str, Any]) -> Shown:
    forms = context["forms"]
    field = forms.by_hand["preset"]
    return Shown(
        done=True,
        line=context["preset_label"],
        has_errors=forms.are_wrong(forms.by_hand) and bool(field.errors),
        context={"field": field},
    )


SECTION = Section(
    name="kind",
    title=_("Directory kind"),
    template="jitprov/setup/sections/kind.html",
    show=_show,
)
