"""Forms and rows of the claim mappings on the set-up page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import CharField as TextColumn
from django.db.models import Value
from django.db.models.functions import Cast, Concat
from django.forms import inlineformset_factory
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from jitprov.host.user_fields import mappable_fields, refuse_target
from jitprov.models import MAX_CLAIM_NAME, ClaimMapping, IdentityProvider
from jitprov.provisioning.mapping import MAX_RULES, MAX_SOURCES
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.steps import parse_transforms
from jitprov.setup.columns import bound, refuse_unprintable
from jitprov.setup.lines import lines_of, texts_of
from jitprov.setup.rows import PlainRowForm, RowFormSet
from jitprov.setup.transforms import StepForm, step_forms
from jitprov.words.problems import in_words

MAX_POSITION = 32767


def target_choices() -> list[tuple[str, Any]]:
    """Return the mappable user fields as choices, each with the name that the host gives it."""
    fields = mappable_fields().items()
    return [(name, capfirst(str(field.verbose_name))) for name, field in fields]


class _Steps(forms.Widget):
    """A widget that stands for the steps, which have forms of their own and are never left out of a post."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> None:
        return None

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False


class ClaimMappingForm(PlainRowForm):
    """One claim mapping. A new row is blank, and not saved, while it has no claim, no user field and no step."""

    position = forms.IntegerField(
        label=_("Order"), required=False, min_value=0, max_value=MAX_POSITION
    )
    target = forms.ChoiceField(label=_("User field"), choices=())
    transforms = forms.Field(label=_("Steps"), required=False, widget=_Steps)

    class Meta:
        model = ClaimMapping
        fields = ("position", "sources", "target", "transforms", "sync", "required", "when_empty")
        widgets = {"sources": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"})}

    def __init__(
        self,
        *args: Any,
        targets: list[tuple[str, Any]] | None = None,
        more_steps_for: str = "",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        offered = target_choices() if targets is None else targets
        self._offer(offered)
        self._stored = self.instance.transforms
        self.caption = dict(offered).get(self.instance.target, self.instance.target)
        bound(self.fields["sources"], MAX_SOURCES * (MAX_CLAIM_NAME + 2))
        if self.instance.pk is None:
            self.initial.pop("position", None)
        self.steps: list[StepForm] = step_forms(
            f"{self.prefix}-steps",
            self.instance.transforms,
            self.data if self.is_bound else None,
            quiet=self.quiet,
            one_more=more_steps_for == self.prefix,
        )

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
            steps = self._rows_of_steps()
            return super().has_changed() or self._kept_or_new(steps) != self._stored
        typed = (self[name].data for name in ("sources", "target"))
        return any(str(text or "").strip() for text in typed) or any(one.spec for one in self.steps)

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
            refuse_target(target)
        except MappingError as error:
            raise forms.ValidationError(in_words(error)) from error
        return target

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        # A list, so that every step is validated and each shows its own errors.
        if not all([step.is_valid() for step in self.steps]):  # noqa: C419
            self.add_error("transforms", _("One of the steps is not right yet."))
        cleaned["transforms"] = self._kept_or_new(self._rows_of_steps())
        return cleaned

    def _kept_or_new(self, steps: list[dict[str, Any]]) -> Any:
        """Return the stored steps if they mean the same, so that a row that nobody changed does not differ."""
        stored = self.instance.transforms
        try:
            return stored if parse_transforms(steps) == parse_transforms(stored) else steps
        except MappingError:
            return steps

    def _rows_of_steps(self) -> list[dict[str, Any]]:
        return [row for row in (step.as_row() for step in self.steps) if row is not None]


class ClaimMappingFormSet(RowFormSet):
    """The claim mappings of one identity provider."""

    most = MAX_RULES

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            self.refuse_twins(_target, "target", _("Another row fills this user field already."))

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
