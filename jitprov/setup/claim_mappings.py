"""Forms and rows of the claim mappings on the set-up page."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.forms import inlineformset_factory
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from jitprov.configuration import claim_mappings
from jitprov.configuration.claim_mappings import MAX_POSITION
from jitprov.configuration.problems import RowProblem
from jitprov.host.spellings import UserField
from jitprov.host.tenant_fields import fields_of
from jitprov.host.user_fields import mappable_fields
from jitprov.models import MAX_CLAIM_NAME, ClaimMapping, IdentityProvider
from jitprov.models.lines import texts_of
from jitprov.models.mappings import CLAIM_COLUMNS
from jitprov.provisioning.mapping import MAX_RULES, MAX_SOURCES
from jitprov.setup.columns import bound
from jitprov.setup.rows import RowFormSet
from jitprov.setup.stepped_rows import SteppedRowForm
from jitprov.words.guides import label_of


def target_choices(identity_provider: IdentityProvider) -> list[tuple[str, Any]]:
    """Return the user fields that a tenant may map to as choices, each with the name that the host gives it."""
    return _choices(fields_of(identity_provider))


def _choices(fields: Mapping[str, UserField]) -> list[tuple[str, Any]]:
    return [(name, capfirst(str(field.verbose_name))) for name, field in fields.items()]


class ClaimMappingForm(SteppedRowForm):
    """One claim mapping. A new row is blank, and not saved, while it has no claim, no user field and no step."""

    kind, label = "claim_mapping", "target"
    compared = CLAIM_COLUMNS
    position = forms.IntegerField(
        label=_("Order"), required=False, min_value=0, max_value=MAX_POSITION
    )
    target = forms.ChoiceField(label=_("User field"), choices=())

    class Meta:
        model = ClaimMapping
        fields = CLAIM_COLUMNS
        widgets = {"sources": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})}

    def __init__(
        self,
        *args: Any,
        targets: list[tuple[str, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        offered = _choices(mappable_fields()) if targets is None else targets
        self._targets = dict(offered)
        self._offer(offered)
        self.caption = dict(offered).get(self.instance.target, self.instance.target)
        self.claims = [label_of(name) for name in texts_of(self.instance.sources)]
        self.last_seen = ""
        bound(self.fields["sources"], MAX_SOURCES * (MAX_CLAIM_NAME + 2))
        if self.instance.pk is None:
            self.initial.pop("position", None)

    def _offer(self, targets: list[tuple[str, Any]]) -> None:
        """Offer the user fields. A stored field that is no longer allowed stays visible, and saving refuses it."""
        choices = [("", _("— choose a field —")), *targets]
        stored = self.instance.target
        self.is_outdated = bool(stored) and stored not in dict(targets)
        if self.is_outdated:
            choices.append((stored, _("%(name)s (not allowed)") % {"name": stored}))
        self.fields["target"].choices = choices  # type: ignore[attr-defined]

    def has_changed(self) -> bool:
        if self.instance.pk is not None:
            return super().has_changed()
        typed = (self[name].data for name in ("sources", "target"))
        return any(str(text or "").strip() for text in typed) or super().has_changed()

    def judge(self) -> None:
        typed = {
            name: self.cleaned_data[name] for name in CLAIM_COLUMNS if name in self.cleaned_data
        }
        if "sources" in typed:
            typed["sources"] = texts_of(typed["sources"])
        row: ClaimMapping = self.instance
        claim_mappings.judge(row, claim_mappings.wanted_of(row, **typed), self._targets)


class ClaimMappingFormSet(RowFormSet):
    """The claim mappings of one identity provider."""

    most = MAX_RULES

    def judge_together(self, rows: list[ClaimMapping]) -> Iterable[RowProblem]:
        return claim_mappings.judge_together(rows)

    def write(self) -> None:
        """Save the rows; rows without a number come last, in the order of the page."""
        claim_mappings.write(self.instance, self.changed_rows(), self.removed_keys())


ClaimMappings = inlineformset_factory(
    IdentityProvider,
    ClaimMapping,
    form=ClaimMappingForm,
    formset=ClaimMappingFormSet,
    extra=0,
    max_num=MAX_RULES,
    absolute_max=MAX_RULES + 5,
    validate_max=True,
)
