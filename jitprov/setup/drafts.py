"""The form that adds an identity provider."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.configuration import identity_providers
from jitprov.configuration.identity_providers import Draft
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider
from jitprov.provisioning.presets import Preset
from jitprov.scope import Scope

MAX_TENANTS = 100
"""Tenants in the list of choices; with more of them, the tenant has to be typed."""


class DraftForm(forms.ModelForm):
    """The tenant, preset and slug of a new identity provider."""

    use_required_attribute = False

    class Meta:
        model = IdentityProvider
        fields = ("tenant", "preset", "slug")
        help_texts = {
            "preset": _(
                "It decides which claims are mapped to begin with. You can change that later."
            ),
            "slug": _(
                "Part of every address that you give to the identity provider, so it stays as it is. Leave it "
                "empty for one that is made from the tenant's name."
            ),
        }

    def __init__(self, data: Any = None, *, scope: Scope, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self._scope = scope
        self.fields["slug"].required = False
        self.kinds = kinds()
        self.fields["preset"].choices = self.kinds  # type: ignore[attr-defined]
        self._offer(scope)

    def _offer(self, scope: Scope) -> None:
        few = offer_tenants(self.fields["tenant"], scope.visible_tenants())
        self.several_tenants = len(few) != 1
        if not self.several_tenants:
            self.initial.setdefault("tenant", few[0].pk)

    def _post_clean(self) -> None:
        """Judge nothing: :func:`jitprov.configuration.identity_providers.begin` does."""

    def begin(self, actor: Actor) -> IdentityProvider | None:
        """Begin the draft; ``None`` if the form has errors now."""
        if not self.is_valid():
            return None
        try:
            return identity_providers.begin(Draft(**self.cleaned_data), self._scope, actor)
        except ValidationError as error:
            self.add_error(None, error)
            return None


def kinds() -> list[tuple[str, Any]]:
    """Return the kinds of directories as choices; the last one stands for all others."""
    known = [(one.value, one.details.label) for one in Preset if one is not Preset.NONE]
    return [*known, (Preset.NONE.value, _("Another one, or recognise it from its metadata"))]


def offer_tenants(tenant: Any, tenants: Any) -> list[Any]:
    """Offer tenants in a field, or let one be typed if there are many. Return the first of them."""
    tenant.queryset = tenants
    few = list(tenants[: MAX_TENANTS + 1])
    if len(few) > MAX_TENANTS:
        _let_be_typed(tenant)
    else:
        tenant.choices = [("", _("— choose —")), *((one.pk, str(one)) for one in few)]
    return few


def _let_be_typed(tenant: Any) -> None:
    """Make the tenant a text field: by the host's look-up field if that is unique, otherwise by the primary key."""
    name = conf.TENANT_LOOKUP_FIELD
    columns = {one.name: one for one in tenant.queryset.model._meta.concrete_fields}
    column = columns.get(name)
    by_name = column is not None and column.unique
    tenant.widget = forms.TextInput()
    tenant.to_field_name = name if by_name else None
    named = column.verbose_name if column is not None and by_name else _("primary key")
    tenant.help_text = _("There are many: type its %(field)s.") % {"field": named}
