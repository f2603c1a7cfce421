"""Begin an identity provider: a draft that is switched off and has the mappings of its preset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.preset_mappings import preset_mappings
from jitprov.configuration.slugs import free_slug
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.models import ClaimMapping, IdentityProvider, retired_elsewhere
from jitprov.provisioning.presets import Preset
from jitprov.scope import Scope

MAX_SWITCHED_OFF = 50
"""Switched-off identity providers of one tenant; with that many, no draft is added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """An identity provider to begin with."""

    tenant: Any
    preset: str = Preset.NONE.value
    slug: str = ""
    """Part of every URL. Empty: made from the tenant's name."""


def begin(draft: Draft, scope: Scope, actor: Actor) -> IdentityProvider:
    """Save a draft with the mappings of its preset, and record it.

    :raises ValidationError: it may not be made; the problems are by field of the draft.
    """
    row = _row(draft)
    _judge(row, scope)
    with audit.recorded(row, actor):
        row.save()
        # Without a preset there are no mappings yet: the import of its metadata may recognise the preset and make them.
        if row.preset != Preset.NONE:
            ClaimMapping.objects.bulk_create(preset_mappings(row))
    return row


def _row(draft: Draft) -> IdentityProvider:
    # It is enabled only after somebody has entered the identity provider's metadata and tested the sign-in.
    return IdentityProvider(
        tenant=draft.tenant,
        preset=draft.preset,
        slug=draft.slug or free_slug(draft.tenant),
        enabled=False,
    )


def _judge(row: IdentityProvider, scope: Scope) -> None:
    rest = {field.name for field in row._meta.fields} - {"preset", "slug"}
    row.full_clean(exclude=rest)
    row.subject_claim = Preset(row.preset).details.subject_claim
    if problems := dict(_problems(row, scope)):
        raise ValidationError(problems)


def _problems(row: IdentityProvider, scope: Scope) -> Iterator[tuple[str, ValidationError]]:
    if retired_elsewhere([row.slug], row.tenant_id):
        yield (
            "slug",
            ValidationError(
                _(
                    "This was another customer's, whose identity provider may still trust it. Choose another."
                )
            ),
        )
    if not scope.covers(row.tenant_id):
        yield "tenant", ValidationError(_("There is no such tenant."), code="invalid_choice")
    elif _is_full(row.tenant_id):
        yield (
            "tenant",
            ValidationError(
                _(
                    "There are %(count)s identity providers that are switched off already. Remove one first."
                ),
                params={"count": MAX_SWITCHED_OFF},
            ),
        )


def _is_full(tenant_id: Any) -> bool:
    switched_off = IdentityProvider.objects.filter(tenant=tenant_id, enabled=False)
    return switched_off.count() >= MAX_SWITCHED_OFF
