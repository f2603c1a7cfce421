"""Tell which user fields one tenant may map to: those of the settings, or those that the host's Provisioner names."""

from __future__ import annotations

from collections.abc import Mapping

from jitprov.host.provisioner import Provisioner, provisioner_class, provisioner_for
from jitprov.host.spellings import UserField
from jitprov.host.user_fields import could_be_mapped, mappable_fields
from jitprov.models import IdentityProvider


def has_own_fields(host: type[Provisioner] | None = None) -> bool:
    """Say whether the host decides for each tenant, so that each has to be asked."""
    return (host or provisioner_class()).mappable_fields is not Provisioner.mappable_fields


def fields_for(host: Provisioner) -> Mapping[str, UserField]:
    """Return the user fields that a mapping of this tenant may write. What no mapping may ever write stays out."""
    if not has_own_fields(type(host)):
        return mappable_fields()
    allowed = set(host.mappable_fields())
    return {name: field for name, field in could_be_mapped().items() if name in allowed}


def fields_of(identity_provider: IdentityProvider) -> Mapping[str, UserField]:
    """Return the user fields that a mapping of this identity provider may write."""
    return fields_for(provisioner_for(identity_provider))
