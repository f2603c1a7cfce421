"""Forms for the columns of the identity provider's own row."""

from __future__ import annotations

import copy
from collections.abc import Collection
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.configuration import columns
from jitprov.configuration.columns import FOR_SUPERUSERS
from jitprov.configuration.group_mappings import judge_group
from jitprov.models import IdentityProvider
from jitprov.setup.versions import Told, posted_with, somebody

CONTEXTS = ("authn_contexts", "required_contexts")
ADVANCED = ("sp_entity_id", "sp_acs_url", "name_id_format", *CONTEXTS, "force_authn")
MAX_CONTEXTS_LENGTH = 4000


def formfield(field: Any, **kwargs: Any) -> Any:
    """Return the form field of a column; an address without a scheme gets ``https``."""
    if isinstance(field, models.URLField):
        kwargs["assume_scheme"] = "https"
    return field.formfield(**kwargs)


def bound(field: Any, most: int) -> None:
    """Limit a text field to a number of characters."""
    field.max_length = most
    field.validators.append(MaxLengthValidator(most))


class GroupField(forms.TypedChoiceField):
    """A choice of one of the groups that a mapping may give, or of none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=(), coerce=int, empty_value=None, required=False, **kwargs)

    def offer(self, groups: list[tuple[int, str]], stored: int | None) -> None:
        """Offer the groups. A stored group that is no longer allowed stays visible, and saving refuses it."""
        self.choices = [("", _("— no group —")), *groups]
        self.is_outdated = stored is not None and stored not in dict(groups)
        if self.is_outdated:
            label = _("Group %(number)s (not allowed)") % {"number": stored}
            self.choices = [*self.choices, (stored, label)]


class ColumnsForm(forms.ModelForm):
    """A form for some columns of the row, which does not change the row that was passed in."""

    everything = False
    """Whether superusers' columns may change."""
    groups: Collection[int] = ()
    """The groups that this tenant may give."""

    def __init__(
        self,
        identity_provider: IdentityProvider,
        data: Any = None,
        *,
        told: Told = somebody,
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("use_required_attribute", False)
        super().__init__(data, instance=copy.copy(identity_provider), **kwargs)
        self._told = told
        for name, field in self.fields.items():
            # What was shown comes back, so that only what this person changed is changed.
            shown_as = self.add_initial_prefix(name)
            field.show_hidden_initial = data is None or shown_as in data

    def _post_clean(self) -> None:
        """Let the use case judge what was changed, instead of the model."""
        self.changed: dict[str, Any] = {}
        typed = {
            name: self.cleaned_data[name]
            for name in self.changed_data
            if name in self.cleaned_data and not self._was_changed_meanwhile(name)
        }
        try:
            self.changed = columns.judge(
                self.instance, columns.Columns(**typed), self.groups, everything=self.everything
            )
        except ValidationError as error:
            for field, errors in error.error_dict.items():
                self.add_error(field, ValidationError(errors))

    def _was_changed_meanwhile(self, name: str) -> bool:
        """Say whether others have changed a column since it was shown, and put an error beside it."""
        shown_as = self.add_initial_prefix(name)
        if shown_as not in self.data:
            return False
        shown = _plain(self.data[shown_as])
        stored = _plain(self.get_initial_for_field(self.fields[name], name))
        if stored in {shown, _plain(self.cleaned_data[name])}:
            return False
        self.add_error(name, self._told("identity_provider", column=columns.column_of(name)))
        # Who has read that may replace it.
        self.data = posted_with(self.data, shown_as, stored)
        return True


def _plain(value: Any) -> str:
    """Return a value as a hidden field has it, whatever the browser makes of the ends of lines."""
    return "" if value is None else "\n".join(str(value).splitlines())


class ByHandForm(ColumnsForm):
    """The columns that metadata fills, and the advanced columns, which are seldom needed."""

    class Meta:
        model = IdentityProvider
        fields = (
            "preset",
            "entity_id",
            "sso_url",
            "sso_binding",
            "slo_url",
            "slo_binding",
            "want_authn_requests_signed",
            "metadata_url",
            *ADVANCED,
        )
        formfield_callback = formfield
        widgets = dict.fromkeys(CONTEXTS, forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in CONTEXTS:
            bound(self.fields[name], MAX_CONTEXTS_LENGTH)

    @property
    def metadata_fields(self) -> list[Any]:
        """Return the fields of the columns that metadata fills."""
        return [self[name] for name in self.fields if name not in {*ADVANCED, "preset"}]

    @property
    def advanced_fields(self) -> list[Any]:
        """Return the fields of the advanced columns."""
        return [self[name] for name in ADVANCED]


class AdmissionForm(ColumnsForm):
    """The columns that decide who may sign in."""

    class Meta:
        model = IdentityProvider
        fields = (
            "create_users",
            "unsolicited",
            "follow_relay_state",
            "session_hours",
            "subject_claim",
            "link_existing_users",
            "allow_privileged",
        )
        formfield_callback = formfield

    def __init__(self, *args: Any, for_superuser: bool = False, **kwargs: Any) -> None:
        """Offer to a tenant's administrator nothing that accounts of the whole application depend on."""
        super().__init__(*args, **kwargs)
        self.everything = for_superuser
        self.fields["subject_claim"].widget.attrs["list"] = "jitprov-known-claims"
        if not for_superuser:
            for name in FOR_SUPERUSERS:
                del self.fields[name]


class EverybodyForm(ColumnsForm):
    """The group that everybody is given, and what those are told who are in none of the groups that may come in."""

    field_order = ("everybody_group", "group_required_text")
    everybody_group = GroupField(
        label=_("Group for everybody"),
        help_text=_("Whoever comes in by this identity provider belongs to it."),
    )

    class Meta:
        model = IdentityProvider
        fields = ("group_required_text",)
        formfield_callback = formfield
        widgets = {"group_required_text": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args: Any, groups: list[tuple[int, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = {key for key, _name in groups}
        stored = self.instance.everybody_group_id
        self.fields["everybody_group"].offer(groups, stored)  # type: ignore[attr-defined]
        self.initial["everybody_group"] = "" if stored is None else str(stored)

    @property
    def group(self) -> int | None:
        """Return the primary key of the group that the form proposes, or of the stored one."""
        shown = self.cleaned_data if self.is_bound else {}
        group: int | None = shown.get("everybody_group", self.instance.everybody_group_id)
        return group

    def clean_everybody_group(self) -> int | None:
        """Refuse also a stored group that this tenant may not give any more."""
        group: int | None = self.cleaned_data["everybody_group"]
        judge_group(group, self.groups)
        return group
