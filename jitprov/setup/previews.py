"""The preview of the mapping on the set-up page: its effect on recent sign-ins and on pasted claims."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from jitprov.accounts import Rules
from jitprov.mapping_review.preview import (
    PersonPreview,
    PreviewInputRefused,
    Said,
    pasted,
    preview,
    recent,
)
from jitprov.models import IdentityProvider
from jitprov.saml.envelope import MAX_ENCODED


class PreviewForm(forms.Form):
    """Pasted claims, or a pasted response, that the preview includes."""

    use_required_attribute = False
    error_css_class = "errors"
    pasted = forms.CharField(
        label=_("Also for this response or these claims"),
        required=False,
        max_length=MAX_ENCODED,
        widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
        help_text=_(
            "Optional: a SAMLResponse as the browser posted it, or claims as JSON. It is not kept."
        ),
    )

    def __init__(self, identity_provider: IdentityProvider, data: Any = None) -> None:
        super().__init__(data, prefix="preview")
        self.identity_provider = identity_provider
        self.said: Said | None = None

    def clean_pasted(self) -> str:
        text = str(self.cleaned_data["pasted"])
        if text:
            try:
                self.said = pasted(self.identity_provider, text)
            except PreviewInputRefused as error:
                raise forms.ValidationError(str(error.problem)) from error
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Previewed:
    """The previews of each person; empty if there were no recent sign-ins and nothing was pasted."""

    people: tuple[PersonPreview, ...]


def previewed(
    identity_provider: IdentityProvider, rules: Rules, said: Said | None, *, with_recent: bool
) -> Previewed:
    """Return the effect of a mapping on the pasted and the recent claims; write nothing."""
    lately = recent(identity_provider) if with_recent else []
    everybody = [*([said] if said else []), *lately]
    return Previewed(people=tuple(preview(identity_provider, rules, everybody)))
