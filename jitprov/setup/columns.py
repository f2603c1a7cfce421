"""Forms for the columns of the identity provider's own row."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

from django import forms
from django.conf import settings  # noqa: TID251 -- DEBUG is Django's setting, not one of ours
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.models import IdentityProvider, is_entity_id_retired
from jitprov.setup.lines import lines_of, texts_of

MAX_AUTHN_CONTEXTS = 10
MAX_AUTHN_CONTEXT = 255
ADVANCED = ("sp_entity_id", "sp_acs_url", "name_id_format", "authn_contexts", "force_authn")
_URLS = ("sso_url", "slo_url", "sp_acs_url", "metadata_url")
_OURS = {"sp_entity_id": "metadata", "sp_acs_url": "acs"}
"""Columns that replace one of our own addresses, each with the name of the view that has that address."""
_TEXTS = ("entity_id", "sp_entity_id", "name_id_format", "subject_claim")


def formfield(field: Any, **kwargs: Any) -> Any:
    """Return the form field of a column; an address without a scheme gets ``https``."""
    if isinstance(field, models.URLField):
        kwargs["assume_scheme"] = "https"
    return field.formfield(**kwargs)


def refuse_unprintable(text: str) -> None:
    """Refuse text with unprintable characters: a SAML message cannot hold them, and nobody types them on purpose."""
    if not text.isprintable():
        raise ValidationError(_("This contains a character that cannot be used here."))


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
        self._allowed = dict(groups)
        self.choices = [("", _("— no group —")), *groups]
        self.is_outdated = stored is not None and stored not in self._allowed
        if self.is_outdated:
            label = _("Group %(number)s (not allowed)") % {"number": stored}
            self.choices = [*self.choices, (stored, label)]

    def clean(self, value: Any) -> int | None:
        group: int | None = super().clean(value)
        if group is not None and group not in self._allowed:
            raise ValidationError(_("This group may not be given by a mapping any more."))
        return group


class ColumnsForm(forms.ModelForm):
    """A form for some columns of the row. Only :meth:`apply` changes the row that was passed in."""

    def __init__(
        self, identity_provider: IdentityProvider, data: Any = None, **kwargs: Any
    ) -> None:
        kwargs.setdefault("use_required_attribute", False)
        super().__init__(data, instance=copy.copy(identity_provider), **kwargs)

    def apply(self, identity_provider: IdentityProvider) -> list[str]:
        """Write the changed values to the row without saving it; return the names of the columns that differ."""
        for name in self.changed_data:
            setattr(identity_provider, name, self.cleaned_data[name])
        return list(self.changed_data)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        for name in set(_TEXTS) & set(cleaned):
            self._check(name, refuse_unprintable, cleaned[name])
        # A stored address is not judged again: code may have stored one that this form would refuse.
        for name in set(_URLS) & set(cleaned) & set(self.changed_data):
            self._check(name, _refuse_insecure, cleaned[name])
        return cleaned

    def _check(self, name: str, check: Any, value: str) -> None:
        try:
            check(value)
        except ValidationError as error:
            self.add_error(name, error)


def _refuse_insecure(url: str) -> None:
    schemes = ("https", "http") if settings.DEBUG else ("https",)
    if url and url.partition(":")[0].lower() not in schemes:
        raise ValidationError(_("The address must begin with https://."))


def _refuse_of_another(own: str, slug: str, url: str) -> None:
    """Refuse the entity ID or ACS URL of another row.

    All rows decrypt with the same keys, so that an assertion for another service provider could be read here.
    """
    root, _slug, view = own.rpartition(f"/{slug}/")
    theirs = url.removeprefix(f"{root}/").removesuffix(f"/{view}")
    if url != own and url == f"{root}/{theirs}/{view}" and "/" not in theirs:
        raise ValidationError(_("This is the address of another identity provider here."))


def _refuse_retired(tenant_id: Any, entity_id: str) -> None:
    if is_entity_id_retired(entity_id, tenant_id):
        raise ValidationError(
            _(
                "This was another customer's, whose identity provider may still trust it. Choose another."
            )
        )


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
            "sp_entity_id",
            "sp_acs_url",
            "name_id_format",
            "authn_contexts",
            "force_authn",
        )
        formfield_callback = formfield
        widgets = {"authn_contexts": forms.Textarea(attrs={"rows": 3})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bound(self.fields["authn_contexts"], 4000)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        for name, view in _OURS.items():
            if name in cleaned and name in self.changed_data:
                own = self.instance.url(view)
                self._check(
                    name, partial(_refuse_of_another, own, self.instance.slug), cleaned[name]
                )
        if "sp_entity_id" in self.changed_data and cleaned.get("sp_entity_id"):
            tenant = self.instance.tenant_id
            self._check("sp_entity_id", partial(_refuse_retired, tenant), cleaned["sp_entity_id"])
        return cleaned

    @property
    def metadata_fields(self) -> list[Any]:
        """Return the fields of the columns that metadata fills."""
        return [self[name] for name in self.fields if name not in ADVANCED]

    @property
    def advanced_fields(self) -> list[Any]:
        """Return the fields of the advanced columns."""
        return [self[name] for name in ADVANCED]

    def clean_authn_contexts(self) -> str:
        """Return the contexts, one URI on each line."""
        contexts = texts_of(self.cleaned_data["authn_contexts"])
        if len(contexts) > MAX_AUTHN_CONTEXTS or any(
            len(line) > MAX_AUTHN_CONTEXT for line in contexts
        ):
            raise ValidationError(
                _("Give at most %(most)s lines of at most %(length)s characters."),
                params={"most": MAX_AUTHN_CONTEXTS, "length": MAX_AUTHN_CONTEXT},
            )
        for line in contexts:
            refuse_unprintable(line)
        return lines_of(contexts)


_FOR_SUPERUSERS = ("link_existing_users", "allow_privileged")


class AdmissionForm(ColumnsForm):
    """The columns that decide who may sign in."""

    class Meta:
        model = IdentityProvider
        fields = (
            "create_users",
            "unsolicited",
            "subject_claim",
            "link_existing_users",
            "allow_privileged",
        )
        formfield_callback = formfield

    def __init__(self, *args: Any, for_superuser: bool = False, **kwargs: Any) -> None:
        """Offer to a tenant's administrator nothing that accounts of the whole application depend on."""
        super().__init__(*args, **kwargs)
        self.fields["subject_claim"].widget.attrs["list"] = "jitprov-known-claims"
        if not for_superuser:
            for name in _FOR_SUPERUSERS:
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
        stored = self.instance.everybody_group_id
        self.fields["everybody_group"].offer(groups, stored)  # type: ignore[attr-defined]
        self.initial["everybody_group"] = "" if stored is None else str(stored)

    @property
    def group(self) -> int | None:
        """Return the primary key of the group that the form proposes, or of the stored one."""
        shown = self.cleaned_data if self.is_bound else {}
        group: int | None = shown.get("everybody_group", self.instance.everybody_group_id)
        return group

    def apply(self, identity_provider: IdentityProvider) -> list[str]:
        """Write the changed values to the row without saving it; return the names of the columns that differ."""
        if "everybody_group" in self.changed_data:
            identity_provider.everybody_group_id = self.cleaned_data["everybody_group"]
        if "group_required_text" in self.changed_data:
            identity_provider.group_required_text = self.cleaned_data["group_required_text"]
        return list(self.changed_data)
