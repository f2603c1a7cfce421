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

from jitprov.models import IdentityProvider
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


class AdmissionForm(ColumnsForm):
    """The columns that decide who may sign in."""

    class Meta:
        model = IdentityProvider
        fields = ("create_users", "unsolicited", "subject_claim", "link_existing_users")
        formfield_callback = formfield

    def __init__(self, *args: Any, may_link: bool = False, **kwargs: Any) -> None:
        """Offer linking only to superusers, because accounts belong to the whole application."""
        super().__init__(*args, **kwargs)
        self.fields["subject_claim"].widget.attrs["list"] = "jitprov-known-claims"
        if not may_link:
            del self.fields["link_existing_users"]
