"""Home realm discovery: find the identity providers for an e-mail address or a tenant."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.models import IdentityProvider


class DiscoveryForm(forms.Form):
    """A form for an e-mail address at work. Programs may pass a tenant instead."""

    email = forms.EmailField(
        label=_("E-mail address at work"),
        max_length=254,
        required=False,
        widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True}),
    )
    tenant = forms.CharField(max_length=200, required=False, widget=forms.HiddenInput)
    next = forms.CharField(required=False, widget=forms.HiddenInput)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if not self.errors and not data.get("email") and not data.get("tenant"):
            raise ValidationError(_("Enter your e-mail address."))
        return data


def identity_providers_for(form: DiscoveryForm) -> list[IdentityProvider]:
    """Return the enabled identity providers for the e-mail address or tenant of a valid form."""
    enabled = IdentityProvider.objects.filter(enabled=True).order_by("slug")
    tenant, email = form.cleaned_data["tenant"], form.cleaned_data["email"]
    if not tenant:
        return list(enabled.filter(email_domains__domain=email.rpartition("@")[2].lower()))
    try:
        return list(enabled.filter(**{f"tenant__{conf.TENANT_LOOKUP_FIELD}": tenant})[:50])
    except (FieldError, ValueError, ValidationError):
        return []
