"""A floor: the tables, what the database itself refuses, and reading a configuration in one statement.

It never knows a use case, nor what the host project decides.
"""

from __future__ import annotations

from jitprov.models.administrators import TenantAdministrator
from jitprov.models.certificates import SigningCertificate
from jitprov.models.changes import Action, ConfigurationChange, Via
from jitprov.models.consumed_assertions import ConsumedAssertion, remembered_until
from jitprov.models.due_jobs import DueJob
from jitprov.models.events import Outcome, ProvisioningEvent, Road, new_reference
from jitprov.models.idempotency_keys import KEYS_KEPT, IdempotencyKey
from jitprov.models.identities import (
    ExternalIdentity,
    GrantedGroup,
    accounts_database,
    digest,
)
from jitprov.models.identity_providers import (
    MAX_SESSION_HOURS,
    BindingChoice,
    EmailDomain,
    IdentityProvider,
    UnsolicitedPolicy,
)
from jitprov.models.mappings import ClaimMapping, GroupMapping
from jitprov.models.observed_claims import MAX_CLAIM_NAME, ObservedClaim
from jitprov.models.proposed_trust import ProposedTrust
from jitprov.models.retired import (
    FormerIdentity,
    RetiredName,
    former_identity,
    is_entity_id_retired,
    retired_elsewhere,
)
from jitprov.models.setup_links import SetupLink, Voucher
from jitprov.models.sign_in_sessions import SignInSession
from jitprov.models.sign_in_tests import TestSignIn
from jitprov.models.tenants import Tenant
from jitprov.models.unproved_refusals import UnprovedRefusals

__all__ = [
    "KEYS_KEPT",
    "MAX_CLAIM_NAME",
    "MAX_SESSION_HOURS",
    "Action",
    "BindingChoice",
    "ClaimMapping",
    "ConfigurationChange",
    "ConsumedAssertion",
    "DueJob",
    "EmailDomain",
    "ExternalIdentity",
    "FormerIdentity",
    "GrantedGroup",
    "GroupMapping",
    "IdempotencyKey",
    "IdentityProvider",
    "ObservedClaim",
    "Outcome",
    "ProposedTrust",
    "ProvisioningEvent",
    "RetiredName",
    "Road",
    "SetupLink",
    "SignInSession",
    "SigningCertificate",
    "Tenant",
    "TenantAdministrator",
    "TestSignIn",
    "UnprovedRefusals",
    "UnsolicitedPolicy",
    "Via",
    "Voucher",
    "accounts_database",
    "digest",
    "former_identity",
    "is_entity_id_retired",
    "new_reference",
    "remembered_until",
    "retired_elsewhere",
]
