"""Show the metadata of the identity provider, the certificates, and what is entered by hand in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jitprov.configuration.enabling import Missing
from jitprov.extras import Section, Shown
from jitprov.provisioning.presets import Preset
from jitprov.words.guides import metadata_place
from jitprov.words.remedies import remedy


def _show(page: Any, context: Mapping[str, Any]) -> Shown:
    row = page.identity_provider
    preset = Preset(row.preset)
    forms = context["forms"]
    by_hand_is_wrong = forms.are_wrong(forms.by_hand) and set(forms.by_hand.errors) != {"preset"}
    certificates = forms.certificates
    certificates_are_wrong = forms.are_wrong(certificates)
    lacks = [one for one in context["missing"] if one in {Missing.METADATA, Missing.CERTIFICATE}]
    to_be_seen = context["metadata_form"].errors or context.get("reading")
    return Shown(
        done=not lacks,
        line=lacks[0].label if lacks else _line(row.entity_id, len(certificates.forms)),
        has_errors=bool(to_be_seen or by_hand_is_wrong or certificates_are_wrong),
        context={
            "place": metadata_place(preset),
            "problem": remedy(row.metadata_error, preset) if row.metadata_error else None,
            "by_hand_is_open": by_hand_is_wrong,
            "certificates_are_open": certificates_are_wrong
            or any(form.instance.pk is None for form in certificates.forms),
        },
    )


def _line(entity_id: str, count: int) -> str:
    certificates = ngettext("%(count)s certificate", "%(count)s certificates", count)
    return f"{entity_id}, {certificates % {'count': count}}"


SECTION = Section(
    name="metadata",
    title=_("Their metadata"),
    template="jitprov/setup/sections/metadata.html",
    show=_show,
    tables=("certificates",),
)
