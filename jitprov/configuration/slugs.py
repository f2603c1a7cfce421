"""Find a slug that an identity provider of a tenant may have."""

from __future__ import annotations

import secrets
from typing import Any

from django.utils.text import slugify

from jitprov.conf import conf
from jitprov.models import IdentityProvider, retired_elsewhere

MAX_SLUG = 100
MAX_RETIRED_TRIED = 20
"""Names that were another tenant's, before a random one is taken."""


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
