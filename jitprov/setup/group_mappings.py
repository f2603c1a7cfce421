"""Forms and rows of the group mappings on the set-up page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.forms import inlineformset_factory
from django.utils.translation import gettext_lazy as _

from jitprov.configuration import group_mappings
from jitprov.configuration.problems import RowProblem
from jitprov.host.provisioner import provisioner_for
from jitprov.models import GroupMapping, IdentityProvider
from jitprov.models.mappings import GROUP_COLUMNS
from jitprov.setup.columns import GroupField
from jitprov.setup.rows import RowFormSet
from jitprov.setup.stepped_rows import SteppedRowForm

MAX_SHOWN_ROWS = 100
"""Group mappings that the page shows and accepts."""
MAX_GROUPS = 500
"""Groups in the list of choices. More are not offered."""


def group_choices(identity_provider: IdentityProvider) -> list[tuple[int, str]]:
    """Return the groups that the host lets this tenant assign, by primary key and name."""
    groups = provisioner_for(identity_provider).assignable_groups()
    return list(groups.values_list("pk", "name")[:MAX_GROUPS])


class GroupMappingForm(SteppedRowForm):
    """One group mapping. A group that was not offered is refused."""

    kind, label = "group_mapping", "value"
    compared = ("name", *GROUP_COLUMNS)
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
        self._groups = {key for key, _name in groups}
        self.caption = dict(groups).get(self.instance.group_id, "")
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

    def judge(self) -> None:
        row: GroupMapping = self.instance
        names = [*GroupMappingForm.Meta.fields, "group"]
        typed = {name: self.cleaned_data[name] for name in names if name in self.cleaned_data}
        group_mappings.judge(row, group_mappings.wanted_of(row, **typed), self._groups)


class GroupMappingFormSet(RowFormSet):
    """The group mappings of one identity provider."""

    most = MAX_SHOWN_ROWS

    def judge_together(self, rows: list[GroupMapping]) -> Iterable[RowProblem]:
        return group_mappings.judge_together(rows)


GroupMappings = inlineformset_factory(
    IdentityProvider,
    GroupMapping,
    form=GroupMappingForm,
    formset=GroupMappingFormSet,
    extra=0,
    max_num=MAX_SHOWN_ROWS,
    absolute_max=MAX_SHOWN_ROWS + 5,
    validate_max=True,
)
