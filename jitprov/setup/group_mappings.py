"""Forms and rows of the group mappings on the set-up page."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms import inlineformset_factory
from django.utils.translation import gettext_lazy as _

from jitprov.host.provisioner import provisioner_for
from jitprov.models import GroupMapping, IdentityProvider
from jitprov.setup.columns import refuse_unprintable
from jitprov.setup.rows import PlainRowForm, RowFormSet

MAX_GROUP_ROWS = 100
MAX_GROUPS = 500
"""Groups in the list of choices. More are not offered."""


def group_choices(identity_provider: IdentityProvider) -> list[tuple[int, str]]:
    """Return the groups that the host lets this tenant assign, by primary key and name."""
    groups = provisioner_for(identity_provider).assignable_groups()
    return list(groups.values_list("pk", "name")[:MAX_GROUPS])


class GroupMappingForm(PlainRowForm):
    """One group mapping. A group that was not offered is refused."""

    group = forms.TypedChoiceField(label=_("Group here"), choices=(), coerce=int, empty_value=None)

    class Meta:
        model = GroupMapping
        fields = ("claim", "value", "name")

    def __init__(
        self, *args: Any, groups: list[tuple[int, str]], group_claim: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["claim"].widget.attrs |= {"list": "jitprov-known-claims", "spellcheck": "false"}
        if self.instance.pk is None:
            self.initial["claim"] = group_claim
        self._offer(groups)

    def _offer(self, groups: list[tuple[int, str]]) -> None:
        """Offer the groups. A stored group that is no longer allowed stays visible, and saving refuses it."""
        self._allowed = dict(groups)
        stored = self.instance.group_id
        choices: list[tuple[Any, Any]] = [("", _("— choose a group —")), *groups]
        self.is_outdated = stored is not None and stored not in self._allowed
        if self.is_outdated:
            choices.append((stored, _("Group %(number)s (not allowed)") % {"number": stored}))
        self.fields["group"].choices = choices  # type: ignore[attr-defined]
        self.initial["group"] = stored

    def has_changed(self) -> bool:
        if self.instance.pk is not None:
            return super().has_changed()
        return any(str(self[name].data or "").strip() for name in ("value", "name", "group"))

    def clean_claim(self) -> str:
        refuse_unprintable(self.cleaned_data["claim"])
        return str(self.cleaned_data["claim"])

    def clean_value(self) -> str:
        refuse_unprintable(self.cleaned_data["value"])
        return str(self.cleaned_data["value"])

    def clean_group(self) -> int:
        group: int = self.cleaned_data["group"]
        if group not in self._allowed:
            raise forms.ValidationError(_("This group may not be given by a mapping any more."))
        self.instance.group_id = group
        return group


class GroupMappingFormSet(RowFormSet):
    """The group mappings of one identity provider."""

    most = MAX_GROUP_ROWS

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            self.refuse_twins(_rule, "value", _("Another row says the same already."))


def _rule(row: GroupMapping) -> tuple[str, str, int]:
    return row.claim, row.value, row.group_id


GroupMappings = inlineformset_factory(
    IdentityProvider,
    GroupMapping,
    form=GroupMappingForm,
    formset=GroupMappingFormSet,
    extra=0,
    max_num=MAX_GROUP_ROWS,
    absolute_max=MAX_GROUP_ROWS + 5,
    validate_max=True,
)
