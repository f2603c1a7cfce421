"""Begin an identity provider, as a draft that is switched off and has the mappings of its preset, and remove it."""

from __future__ import annotations

import secrets
from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _

from jitprov.accounts.sessions import end_sessions_by
from jitprov.conf import conf
from jitprov.host.tenant_fields import fields_of
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.models import ClaimMapping, IdentityProvider, retired_elsewhere
from jitprov.models.lines import lines_of
from jitprov.provisioning.presets import Preset
from jitprov.provisioning.types import ClaimRule
from jitprov.scope import Scope

MAX_SLUG = 100
MAX_RETIRED_TRIED = 20
"""Names that were another tenant's, before a random one is taken."""
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


def remove(identity_provider: IdentityProvider, actor: Actor) -> None:
    """Remove an identity provider, and record it."""
    with audit.recorded(identity_provider, actor):
        end_sessions_by(IdentityProvider.objects.filter(pk=identity_provider.pk))
        identity_provider.delete()


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


# What a draft begins with


def free_slug(tenant: Any) -> str:
    """Return the tenant's name as a slug, with a number if that is taken."""
    base = (
        slugify(str(getattr(tenant, conf.TENANT_LOOKUP_FIELD)))[: MAX_SLUG - 8].strip("-_") or "idp"
    )
    taken = {
        slug.lower()
        for slug in IdentityProvider.objects.filter(slug__istartswith=base).values_list(
            "slug", flat=True
        )
    }
    numbers = range(2, len(taken) + 3 + MAX_RETIRED_TRIED)
    free = [one for one in (base, *(f"{base}-{number}" for number in numbers)) if one not in taken]
    candidates = free[: MAX_RETIRED_TRIED + 1]
    retired = retired_elsewhere(candidates, tenant.pk)
    return next((one for one in candidates if one not in retired), f"{base}-{secrets.token_hex(3)}")


def preset_mappings(identity_provider: IdentityProvider) -> list[ClaimMapping]:
    """Return the claim mappings of the identity provider's preset, not saved."""
    columns = preset_columns(Preset(identity_provider.preset), fields_of(identity_provider))
    return [ClaimMapping(identity_provider=identity_provider, **one) for one in columns]


def preset_columns(preset: Preset, fields: Container[str]) -> list[dict[str, Any]]:
    """Return the columns of a preset's claim mappings, as far as the tenant may map to the fields."""
    usable = [rule for rule in preset.details.rules if rule.target in fields]
    return [_mapping_columns(position, rule) for position, rule in enumerate(usable)]


def _mapping_columns(position: int, rule: ClaimRule) -> dict[str, Any]:
    return {
        "position": position,
        "sources": lines_of(rule.sources),
        "target": rule.target,
        "transforms": [{"name": one.name, **one.parameters} for one in rule.transforms],
        "sync": rule.sync.value,
        "required": rule.required,
        "when_empty": rule.when_empty.value,
        "when_invalid": rule.when_invalid.value,
    }
