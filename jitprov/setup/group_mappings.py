"""Forms and rows of the group mappings on the set-up page."""

from __future__ import annotations

import json
from typing import Any

from django import forms
from django.forms import inlineformset_factory
from django.utils.translation import gettext_lazy as _

from jitprov.host.provisioner import provisioner_for
from jitprov.models import GroupMapping, IdentityProvider
from jitprov.setup.columns import GroupField, refuse_unprintable
from jitprov.setup.rows import RowFormSet
from jitprov.setup.stepped_rows import SteppedRowForm

MAX_GROUP_ROWS = 100
MAX_GROUPS = 500
"""Groups in the list of choices. More are not offered."""


def group_choices(identity_provider: IdentityProvider) -> list[tuple[int, str]]:
    """Return the groups that the host lets this tenant assign, by primary key and name."""
    groups = provisioner_for(identity_provider).assignable_groups()
    return list(groups.values_list("pk", "name")[:MAX_GROUPS])


class GroupMappingForm(SteppedRowForm):
    """One group mapping. A group that was not offered is refused."""

    for_groups = True

    group = GroupField(label=_("Group here"))

    class Meta:
        model = GroupMapping
        fields = ("claim", "value", "name", "transforms", "admits")

    def __init__(
        self, *args: Any, groups: list[tuple[int, str]], group_claim: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["claim"].widget.attrs |= {"list": "jitprov-known-claims", "spellcheck": "false"}
        if self.instance.pk is None:
            self.initial["claim"] = group_claim
        self.fields["group"].offer(groups, self.instance.group_id)  # type: ignore[attr-defined]
        self.initial["group"] = self.instance.group_id

    @property
    def is_outdated(self) -> bool:
        """Say whether the stored group may not be given any more."""
        return bool(self.fields["group"].is_outdated)  # type: ignore[attr-defined]

    def has_changed(self) -> bool:
        if self.instance.pk is not None:
            return super().has_changed()
        typed = (self[name].data for name in ("value", "name", "group", "admits"))
        return any(str(text or "").strip() for text in typed) or super().has_changed()

    def clean_claim(self) -> str:
        refuse_unprintable(self.cleaned_data["claim"])
        return str(self.cleaned_data["claim"])

    def clean_value(self) -> str:
        refuse_unprintable(self.cleaned_data["value"])
        return str(self.cleaned_data["value"])

    def clean_group(self) -> int | None:
        group: int | None = self.cleaned_data["group"]
        self.instance.group_id = group
        return group

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        wanted = cleaned.get("group") is not None or cleaned.get("admits")
        if not wanted and "group" not in self.errors:
            text = _("Choose a group, or let only these people come in.")
            self.add_error("group", forms.ValidationError(text, code="required"))
        return cleaned


class GroupMappingFormSet(RowFormSet):
    """The group mappings of one identity provider."""

    most = MAX_GROUP_ROWS

    def clean(self) -> None:
        super().clean()
        if not any(self.errors):
            self.refuse_twins(rule_of, "value", _("Another row says the same already."))


def rule_of(row: GroupMapping) -> tuple[str, str, int | None, str]:
    """Return what makes two rows the same."""
    return row.claim, row.value, row.group_id, json.dumps(row.transforms or [])


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
