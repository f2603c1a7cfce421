"""Forms and rows of the claim mappings on the set-up page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import CharField as TextColumn
from django.db.models import Value
from django.db.models.functions import Cast, Concat
from django.forms import inlineformset_factory
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from jitprov.host.spellings import UserField
from jitprov.host.tenant_fields import fields_of
from jitprov.host.user_fields import mappable_fields, refuse_target
from jitprov.models import MAX_CLAIM_NAME, ClaimMapping, IdentityProvider
from jitprov.models.mappings import CLAIM_COLUMNS
from jitprov.provisioning.mapping import MAX_RULES, MAX_SOURCES, check_work
from jitprov.provisioning.problems import MappingError
from jitprov.setup.columns import bound, refuse_unprintable
from jitprov.setup.lines import lines_of, texts_of
from jitprov.setup.rows import RowFormSet
from jitprov.setup.stepped_rows import SteppedRowForm
from jitprov.words.problems import in_words, sentence

MAX_POSITION = 32767


def target_choices(identity_provider: IdentityProvider) -> list[tuple[str, Any]]:
    """Return the user fields that a tenant may map to as choices, each with the name that the host gives it."""
    return _choices(fields_of(identity_provider))


def _choices(fields: Mapping[str, UserField]) -> list[tuple[str, Any]]:
    return [(name, capfirst(str(field.verbose_name))) for name, field in fields.items()]


class ClaimMappingForm(SteppedRowForm):
    """One claim mapping. A new row is blank, and not saved, while it has no claim, no user field and no step."""

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

    def clean_sources(self) -> str:
        """Return the claims, one on each line."""
        sources = texts_of(self.cleaned_data["sources"])
        for source in sources:
            refuse_unprintable(source)
        return lines_of(sources)

    def clean_target(self) -> str:
        """Return the user field; the host may have taken a stored one out of mappings, which the model cannot know."""
        target = str(self.cleaned_data["target"])
        try:
            refuse_target(target, self._targets)
        except MappingError as error:
            raise ValidationError(in_words(error)) from error
        return target


class ClaimMappingFormSet(RowFormSet):
    """The claim mappings of one identity provider."""

    most = MAX_RULES

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            self.refuse_twins(_target, "target", _("Another row fills this user field already."))
            self._refuse_too_much_work()

    def _refuse_too_much_work(self) -> None:
        try:
            check_work(form.instance.as_rule() for form in self.kept_forms())
        except MappingError as error:
            raise ValidationError(sentence(error), code=error.problem.name.lower()) from error

    def save(self, commit: bool = True) -> Any:
        """Save the rows; rows without a number come last, in the order of the page."""
        self._number()
        self._free_the_targets()
        return super().save(commit)

    def _number(self) -> None:
        last = max((form.instance.position or 0 for form in self.kept_forms()), default=0)
        for form in self.kept_forms():
            if form.cleaned_data.get("position") is None:
                last = min(last + 1, MAX_POSITION)
                form.instance.position = last

    def _free_the_targets(self) -> None:
        """Give rows that change their field a placeholder first, so that two rows can exchange their fields."""
        moved = [
            form.instance.pk
            for form in self.kept_forms()
            if form.instance.pk is not None and "target" in form.changed_data
        ]
        rows = ClaimMapping.objects.filter(pk__in=moved, identity_provider=self.instance)
        rows.update(target=Concat(Value("-"), Cast("pk", TextColumn()), output_field=TextColumn()))


def _target(row: ClaimMapping) -> str:
    return row.target


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
