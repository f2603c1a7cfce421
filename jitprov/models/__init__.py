"""Who may say who people are, what it means, and what came of it."""

from __future__ import annotations

from jitprov.models.attempts import (
    ConsumedAssertion,
    Outcome,
    ProvisioningEvent,
    new_reference,
    remembered_until,
)
from jitprov.models.certificates import SigningCertificate
from jitprov.models.identities import (
    ExternalIdentity,
    GrantedGroup,
    accounts_database,
    digest,
)
from jitprov.models.identity_providers import (
    BindingChoice,
    EmailDomain,
    IdentityProvider,
    UnsolicitedPolicy,
)
from jitprov.models.mappings import ClaimMapping, GroupMapping
from jitprov.models.tenants import Tenant

__all__ = [
    "BindingChoice",
    "ClaimMapping",
    "ConsumedAssertion",
    "EmailDomain",
    "ExternalIdentity",
    "GrantedGroup",
    "GroupMapping",
    "IdentityProvider",
    "Outcome",
    "ProvisioningEvent",
    "SigningCertificate",
    "Tenant",
    "UnsolicitedPolicy",
    "accounts_database",
    "digest",
    "new_reference",
    "remembered_until",
]
